/** The questions and answers between a process that reads PDFs and its parent. */
import type { ErrorCode } from "../../errors";
import type { PageWord } from "./page-words";
import type { PdfDeck, PdfPage } from "./pdf-deck";

/** How long a process waits for the next document before it ends itself, also when its parent is gone. */
export const KEPT_MS = 120_000;

export type PageImage = { bytes: Uint8Array<ArrayBuffer>; width: number; height: number };

/** Pages in order, read with one question. The answer has at least one of them. */
export type PageBatch = {
  /** The first page, from 1. */
  from: number;
  most: number;
  /** Pages that ended an earlier process: they are reported as unreadable. */
  skip: number[];
};

/** The questions that the process answers, by kind. */
export type Exchanges = {
  open: { question: { path: string; maxPages: number }; answer: PdfDeck };
  /**
   * Lays out pages and keeps the result, so that lines repeated on many pages can be found. Answers how
   * many pages it laid out.
   */
  survey: { question: PageBatch; answer: number };
  pages: { question: PageBatch; answer: PdfPage[] };
  words: { question: { page_number: number }; answer: PageWord[] };
  render: { question: { page_number: number; longSidePx: number }; answer: PageImage };
  /** Forgets the document, so that the process can read another one. */
  close: { question: object; answer: null };
};
export type Kind = keyof Exchanges;
export type Question<K extends Kind = Kind> = { kind: K; question: Exchanges[K]["question"] };
export type Reply =
  | { answer: Exchanges[Kind]["answer"] }
  | { errorCode: ErrorCode; details: Record<string, unknown> };
