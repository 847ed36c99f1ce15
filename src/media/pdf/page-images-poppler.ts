import { AppError } from "../../errors";
import { isFromOutside, kernelLimits, type PageImage, type PageToDraw } from "./pdf-process";

/** A slide takes 20 ms of CPU, a map with 100 000 strokes some seconds. */
const KERNEL_LIMITS = { addressSpaceMb: 2_048, cpuSeconds: 20 };
/** Longer than the CPU limit: on a busy machine a healthy page can take this long. */
const TIMEOUT_MS = 80_000;

/** Our signal at the timeout, and the kernel's. Without memory poppler aborts, as it does after other errors. */
const OUT_OF_TIME: unknown[] = ["SIGKILL", "SIGXCPU"];

/** Draws with poppler's `pdftoppm`. See `PageRenderer.render`. */
export async function drawWithPoppler(
  pdftoppm: string,
  { path, page_number, longSidePx, signal }: PageToDraw,
): Promise<PageImage> {
  signal?.throwIfAborted();
  const started = performance.now();
  const page = String(page_number);
  const command = [pdftoppm, "-jpeg", "-jpegopt", "quality=85", "-cropbox"];
  const what = ["-f", page, "-l", page, "-singlefile", "-scale-to", String(longSidePx), path];
  await using poppler = Bun.spawn([...kernelLimits(KERNEL_LIMITS), ...command, ...what], {
    env: {},
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    signal,
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const [bytes, complaint] = await Promise.all([
    new Response(poppler.stdout).bytes(),
    new Response(poppler.stderr).text(),
  ]);
  await poppler.exited;

  signal?.throwIfAborted();
  const size = jpegSize(bytes);
  if (size) return { bytes, ...size };
  const isInTime = performance.now() - started < TIMEOUT_MS;
  if (isInTime && isFromOutside(poppler.signalCode)) {
    throw new AppError("pdf_reader_killed", { signal: poppler.signalCode });
  }
  if (OUT_OF_TIME.includes(poppler.signalCode)) {
    throw new AppError("page_render_failed", { page_number, reason: "time", limit: "time" });
  }
  const reason = complaint.trim().slice(-500) || String(poppler.signalCode ?? "no image");
  throw new AppError("page_render_failed", { page_number, reason });
}

/** Width and height from the frame header of a JPEG; null when the bytes are not a complete JPEG. */
function jpegSize(bytes: Uint8Array): { width: number; height: number } | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isWhole = bytes.length > 4 && view.getUint16(bytes.length - 2) === 0xff_d9;
  if (!isWhole || view.getUint16(0) !== 0xff_d8) return null;
  for (let at = 2; at + 9 < bytes.length; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xc2;
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
  }
  return null;
}
