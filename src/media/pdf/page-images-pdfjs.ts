import { AppError } from "../../errors";
import { PDF_LIMITS } from "./pdf";
import type { PageImage } from "./pdf-exchanges";
import { type PagesToDraw, type PageToDraw, PdfProcess } from "./pdf-process";

/** Draws with pdfjs and canvas in a separate process. See `PageRenderer.render`. */
export async function drawWithPdfjs({
  path,
  page_number,
  longSidePx,
  signal,
}: PageToDraw): Promise<PageImage> {
  await using reader = openProcess(signal);
  try {
    await reader.ask("open", { path, maxPages: Number.POSITIVE_INFINITY });
    return await reader.ask("render", { page_number, longSidePx });
  } catch (cause) {
    if (!isFaultOfFile(cause)) throw cause;
    const reason = cause.details.reason ?? cause.details.limit ?? cause.message;
    throw new AppError("page_render_failed", { page_number, reason }, { cause });
  }
}

/**
 * Draws pages in one process. See `PageRenderer.renderAll`.
 *
 * @returns the pages that were drawn before one of them exceeded the limits
 */
export async function drawAllWithPdfjs({
  path,
  page_numbers,
  longSidePx,
  signal,
}: PagesToDraw): Promise<Map<number, PageImage>> {
  const images = new Map<number, PageImage>();
  await using reader = openProcess(signal);
  try {
    await reader.ask("open", { path, maxPages: Number.POSITIVE_INFINITY });
    for (const page_number of page_numbers) {
      images.set(page_number, await reader.ask("render", { page_number, longSidePx }));
    }
  } catch (cause) {
    if (!isFaultOfFile(cause)) throw cause;
  }
  return images;
}

function openProcess(signal: AbortSignal | undefined): PdfProcess {
  const { memoryMb, timeoutMs } = PDF_LIMITS;
  return new PdfProcess({ memoryMb, timeoutMs, signal });
}

const isFaultOfFile = (cause: unknown): cause is AppError =>
  cause instanceof AppError && cause.errorCode !== "pdf_reader_killed";
