import { open } from "node:fs/promises";
import { AppError } from "../../errors";
import { PdfProcess } from "./pdf-process";

export type OutlineEntry = {
  title: string;
  /** Null when the entry leads out of the document or to nowhere. */
  page_number: number | null;
  /** 0 for a chapter, 1 for its sections, and so on. */
  level: number;
};

export type PdfDeck = {
  page_count: number;
  /** As the file's own metadata says; often null, sometimes the name of a template. */
  title: string | null;
  /** BCP 47, when the file declares it. */
  language: string | null;
  outline: OutlineEntry[];
  /** Author, Creator and the like. */
  metadata: Record<string, string>;
  /** What the file holds besides its pages, or instead of them, and is not read here. */
  unread_content: "portfolio" | "xfa_form" | null;
};

export type PdfPage = {
  /** From 1. */
  page_number: number;
  /** What the document itself prints as the number: `iv`, `A-3`. */
  label: string | null;
  /** Points of 1/72 inch, as shown: after rotation and cropping. */
  width_pt: number;
  height_pt: number;
  /** In reading order, a line per line, an empty line between paragraphs, filled-in form fields last. */
  text: string;
  headings: string[];
  title: string | null;
  /** Where the outline puts the page, its own title left out: `Part 3 › Channels`. */
  section: string | null;
  /** Headers, footers and page numbers that repeat through the deck; not part of `text`. */
  running_lines: string[];
  /** True when most of the text is no words: its font does not say which characters it draws. */
  is_garbled: boolean;
  /** Share of the page that images take, 0 to 1; text drawn as shapes counts as an image. */
  picture_share: number;
  /** True when the page is so damaged that nothing of it could be read. */
  unreadable: boolean;
};

export type PdfLimits = {
  maxPages: number;
  /** Memory of the reader, its own 75 MB and the file included. */
  memoryMb: number;
  /** For opening the file and for each page. */
  timeoutMs: number;
};

/** Generous for slides, and nothing that a bomb could hurt others with. */
export const PDF_LIMITS: PdfLimits = { maxPages: 500, memoryMb: 1024, timeoutMs: 30_000 };

export interface Pdf extends PdfDeck, AsyncDisposable {
  /** @throws AppError `pdf_too_complex`; RangeError outside the document's pages */
  page(page_number: number): Promise<PdfPage>;
  /**
   * All pages in order. Before the first one, all are laid out to find the lines that run through the
   * deck; `page` alone cannot know them.
   */
  pages(): AsyncGenerator<PdfPage>;
}

/**
 * Opens a PDF in a process of its own, which is killed at the limits, on abort, and at the end of the
 * `await using` block. Whatever the file does, it does to that process only.
 *
 * @throws AppError `pdf_invalid`, `pdf_encrypted`, `pdf_empty`, `pdf_too_many_pages`,
 * `pdf_too_complex`; the signal's reason when it aborts, here and from `page`
 */
export async function readPdf(
  path: string,
  { signal, ...limits }: Partial<PdfLimits> & { signal?: AbortSignal } = {},
): Promise<Pdf> {
  const { maxPages, memoryMb, timeoutMs } = { ...PDF_LIMITS, ...limits };
  await checkPdfHeader(path);
  const reader = new PdfProcess({ memoryMb, timeoutMs, signal });
  try {
    const deck = await reader.ask("open", { path, maxPages });
    const page = (page_number: number) => {
      if (page_number < 1 || page_number > deck.page_count) throw new RangeError("no such page");
      return reader.ask("page", { page_number });
    };
    return {
      ...deck,
      page,
      async *pages() {
        for (let number = 1; number <= deck.page_count; number++) {
          await reader.ask("survey", { page_number: number });
        }
        for (let number = 1; number <= deck.page_count; number++) yield await page(number);
      },
      [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    };
  } catch (error) {
    await reader[Symbol.asyncDispose]();
    throw error;
  }
}

/** Readers accept some bytes before the mark, and 1024 is where all of them stop looking. */
const HEADER_BYTES = 1024;

/**
 * Looks for the mark that every PDF begins with: enough to refuse an upload of something else.
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
