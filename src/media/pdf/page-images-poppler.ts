import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../errors";
import type { PageImage } from "./pdf-exchanges";
import type { PagesToDraw, PageToDraw } from "./pdf-process";
import { isFromOutside, kernelLimits } from "./process-limits";

/**
 * For a page and for a batch: a slide takes 20 ms of CPU, a map with 100 000 strokes some seconds. Pages
 * that a batch did not reach are drawn alone, with the whole limit for each.
 */
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
  const range = pageRange(page_number, page_number);
  const command = [...drawing(pdftoppm, longSidePx), ...range, "-singlefile", path];
  await using poppler = Bun.spawn(command, { ...PROCESS, stdout: "pipe", stderr: "pipe", signal });
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

/**
 * Draws consecutive pages with one `pdftoppm`, because its start costs more than a page. See
 * `PageRenderer.renderAll`.
 *
 * @returns the pages that were drawn within the limits; a page at fault can end the process
 */
export async function drawAllWithPoppler(
  pdftoppm: string,
  { path, page_numbers, longSidePx, folder, signal }: PagesToDraw,
): Promise<Map<number, PageImage>> {
  const images = await mkdtemp(join(folder, "pages-"));
  try {
    for (const [first, last] of consecutiveRanges(page_numbers)) {
      signal?.throwIfAborted();
      const files = [path, join(images, "page")];
      const command = [...drawing(pdftoppm, longSidePx), ...pageRange(first, last), ...files];
      await using poppler = Bun.spawn(command, { ...PROCESS, stdout: "ignore", signal });
      await poppler.exited;
    }
    signal?.throwIfAborted();
    return await readImages(images);
  } finally {
    await rm(images, { recursive: true, force: true });
  }
}

/** Ranges of at least two pages. `numbers` are in ascending order. */
function consecutiveRanges(numbers: number[]): [first: number, last: number][] {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range?.[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.filter(([first, last]) => last > first);
}

const PROCESS = {
  env: {},
  stdin: "ignore",
  stderr: "ignore",
  timeout: TIMEOUT_MS,
  killSignal: "SIGKILL",
} as const;

const drawing = (pdftoppm: string, longSidePx: number): string[] => [
  ...kernelLimits(KERNEL_LIMITS),
  pdftoppm,
  "-jpeg",
  "-jpegopt",
  "quality=85",
  "-cropbox",
  "-scale-to",
  String(longSidePx),
];

const pageRange = (first: number, last: number) => ["-f", String(first), "-l", String(last)];

/** The complete images that poppler wrote as `page-07.jpg`, by page number. */
async function readImages(folder: string): Promise<Map<number, PageImage>> {
  const images = new Map<number, PageImage>();
  for (const name of await readdir(folder)) {
    const bytes = await Bun.file(join(folder, name)).bytes();
    const size = jpegSize(bytes);
    const page_number = Number(/-(\d+)\.jpg$/.exec(name)?.[1]);
    if (size && page_number) images.set(page_number, { bytes, ...size });
  }
  return images;
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
