import { AppError } from "../../errors";
import { PDF_LIMITS } from "./pdf";
import { type PageImage, type PageToDraw, PdfProcess } from "./pdf-process";

/** Draws with pdfjs and canvas in a process of its own. See `PageRenderer.render`. */
export async function drawWithPdfjs({ path, page_number, ...job }: PageToDraw): Promise<PageImage> {
  const { memoryMb, timeoutMs } = PDF_LIMITS;
  await using reader = new PdfProcess({ memoryMb, timeoutMs, signal: job.signal });
  try {
    await reader.ask("open", { path, maxPages: Number.POSITIVE_INFINITY });
    return await reader.ask("render", { page_number, longSidePx: job.longSidePx });
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.errorCode === "pdf_reader_killed") throw cause;
    const reason = cause.details.reason ?? cause.details.limit ?? cause.message;
    throw new AppError("page_render_failed", { page_number, reason }, { cause });
  }
}
