import { AppError } from "../../errors";
import type { PdfDeck, PdfPage } from "./pdf-deck";
import type { PageBatch } from "./pdf-exchanges";
import { PdfProcess, type PdfProcessLimits } from "./pdf-process";

/** Pages that are read with one question at most. */
const BATCH_PAGES = 32;
/** Reading ends when more pages exceed the limits, because each can take twice the time limit. */
const MAX_SKIPPED_PAGES = 3;

type ReaderOptions = PdfProcessLimits & { maxPages: number };

/**
 * Reads the pages of one PDF in batches. After a batch that exceeds the limits or crashes the process, it
 * reads the pages of that batch one by one in a new process, so only the page at fault is skipped.
 */
export class PageReader implements AsyncDisposable {
  readonly deck: PdfDeck;
  readonly #path: string;
  readonly #options: ReaderOptions;
  #process: PdfProcess;
  /** Pages that exceeded the limits alone. */
  readonly #skip: number[] = [];
  /** The pages of the last batch that failed. */
  #suspects = { from: Number.POSITIVE_INFINITY, to: 0 };

  private constructor(path: string, options: ReaderOptions, process: PdfProcess, deck: PdfDeck) {
    this.#path = path;
    this.#options = options;
    this.#process = process;
    this.deck = deck;
  }

  /** @throws as `readPdf` */
  static async open(path: string, options: ReaderOptions): Promise<PageReader> {
    const { process, deck } = await start(path, options);
    return new PageReader(path, options, process, deck);
  }

  /** @throws as `Pdf.page` */
  async page(page_number: number): Promise<PdfPage> {
    for (;;) {
      const batch = { from: page_number, most: 1, skip: this.#skip };
      try {
        const [page] = await this.#process.ask("pages", batch);
        return page!;
      } catch (error) {
        await this.#recover(error, batch);
      }
    }
  }

  /** @throws as `Pdf.pages` */
  async *pages(): AsyncGenerator<PdfPage> {
    const { page_count } = this.deck;
    let surveyed = 0;
    let read = 0;
    while (read < page_count) {
      const isSurveying = surveyed < page_count;
      const batch = this.#batchFrom((isSurveying ? surveyed : read) + 1);
      let pages: PdfPage[] = [];
      try {
        if (isSurveying) surveyed += await this.#process.ask("survey", batch);
        else pages = await this.#process.ask("pages", batch);
      } catch (error) {
        await this.#recover(error, batch);
        surveyed = 0; // the new process knows nothing of the earlier pages
      }
      yield* pages;
      read += pages.length;
    }
  }

  #batchFrom(from: number): PageBatch {
    const { from: first, to: last } = this.#suspects;
    const isSuspect = from >= first && from <= last;
    const end = from < first ? Math.min(first - 1, this.deck.page_count) : this.deck.page_count;
    const most = isSuspect ? 1 : Math.min(BATCH_PAGES, end - from + 1);
    return { from, most, skip: this.#skip };
  }

  /** Starts a new process after a batch failed. @throws the error when a new process cannot help */
  async #recover(error: unknown, { from, most }: PageBatch): Promise<void> {
    const isLimit = error instanceof AppError && error.errorCode === "pdf_too_complex";
    if (!isLimit) throw error;
    const isAlone = most === 1;
    if (isAlone) {
      const isHopeless =
        this.#skip.length === MAX_SKIPPED_PAGES || this.#skip.length + 1 === this.deck.page_count;
      if (isHopeless) throw error;
      this.#skip.push(from);
    } else {
      this.#suspects = { from, to: from + most - 1 };
    }
    await this.#process[Symbol.asyncDispose]();
    this.#process = (await start(this.#path, this.#options)).process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

async function start(
  path: string,
  options: ReaderOptions,
): Promise<{ process: PdfProcess; deck: PdfDeck }> {
  const process = new PdfProcess(options);
  try {
    return { process, deck: await process.ask("open", { path, maxPages: options.maxPages }) };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}
