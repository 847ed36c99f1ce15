import { open } from "node:fs/promises";
import { AppError } from "../../errors";
import { PageReader } from "./page-reader";
import type { PageWord } from "./page-words";
import type { PdfDeck, PdfPage } from "./pdf-deck";
import { PdfProcess } from "./pdf-process";

export type PdfLimits = {
  maxPages: number;
  /** Memory of the reader, its own 75 MB and the file included. */
  memoryMb: number;
  /** For opening the file and for each page. */
  timeoutMs: number;
};

/** Enough for slides, and too little for a PDF bomb to slow down other work. */
export const PDF_LIMITS: PdfLimits = { maxPages: 500, memoryMb: 1024, timeoutMs: 30_000 };

export interface Pdf extends PdfDeck, AsyncDisposable {
  /** @throws AppError `pdf_too_complex`, `pdf_reader_killed`; RangeError outside the document's pages */
  page(page_number: number): Promise<PdfPage>;
  /**
   * All pages in order. Before the first one, all are laid out to find the lines that repeat through the
   * deck; `page` alone cannot find them. A page that exceeds the limits is reported as unreadable.
   *
   * @throws AppError `pdf_too_complex` when every page or more than a few exceed the limits,
   * `pdf_reader_killed`
   */
  pages(): AsyncGenerator<PdfPage>;
}

/**
 * Opens a PDF in a separate process, which is killed at the limits and on abort. A malicious file can harm
 * only that process.
 *
 * @throws AppError `pdf_invalid`, `pdf_encrypted`, `pdf_empty`, `pdf_too_many_pages`,
 * `pdf_too_complex`, `pdf_reader_killed`; the signal's reason when it aborts, here and from `page`
 */
export async function readPdf(
  path: string,
  { signal, ...limits }: Partial<PdfLimits> & { signal?: AbortSignal } = {},
): Promise<Pdf> {
  await checkPdfHeader(path);
  const reader = await PageReader.open(path, { ...PDF_LIMITS, ...limits, signal });
  const { deck } = reader;
  return {
    ...deck,
    async page(page_number) {
      if (page_number < 1 || page_number > deck.page_count) throw new RangeError("no such page");
      return await reader.page(page_number);
    },
    pages: () => reader.pages(),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}

/**
 * The words of one page with their places.
 *
 * @throws as `readPdf`; RangeError outside the document's pages
 */
export async function readWordsOfPage(
  path: string,
  page_number: number,
  signal: AbortSignal,
): Promise<PageWord[]> {
  const { maxPages, memoryMb, timeoutMs } = PDF_LIMITS;
  await using reader = new PdfProcess({ memoryMb, timeoutMs, signal });
  const { page_count } = await reader.ask("open", { path, maxPages });
  if (page_number < 1 || page_number > page_count) throw new RangeError("no such page");
  return await reader.ask("words", { page_number });
}

/** PDF readers accept up to 1024 bytes before the mark. */
const HEADER_BYTES = 1024;

/**
 * Checks for the mark at the start of every PDF, to refuse uploads of other files.
 *
 * @throws AppError `pdf_invalid`
 */
export async function checkPdfHeader(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    if (buffer.subarray(0, bytesRead).includes("%PDF-")) return;
    throw new AppError("pdf_invalid", {
      reason: bytesRead ? "no %PDF- mark" : "the file is empty",
    });
  } finally {
    await file.close();
  }
}
