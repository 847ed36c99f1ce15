/**
 * The process that reads untrusted PDFs, one after the other. It is started by `pdf-children.ts`, answers
 * one question at a time, and expects to be killed. It ends by itself when no document follows.
 *
 * It runs as compiled by `compile-pdf-child.ts`, or from this source. The library's build for browsers is
 * used: Bun has each feature that the `legacy` build adds, and that one loads the canvas also to read text.
 */
import { join } from "node:path";
import { plugin } from "bun";
import {
  getDocument,
  type PDFDocumentLoadingTask,
  type PDFDocumentProxy,
  type PDFPageProxy,
} from "pdfjs-dist";
import { AppError, type ErrorCode } from "../../errors";
import type { PdfDeck, PdfPage } from "./pdf-deck";
import {
  type Exchanges,
  KEPT_MS,
  type Kind,
  type PageImage,
  type Question,
  type Reply,
} from "./pdf-exchanges";
import { characters } from "./pdf-layout";
import { type PageLayout, readDeck, readLayout, readPageWords, toPage } from "./pdf-pages";
import { pdfjsHooks } from "./pdfjs-hooks";
import { edgesOf, findRunningCells, type PageEdges } from "./running-lines";

const LIBRARY = join(Bun.resolveSync("pdfjs-dist/package.json", import.meta.dir), "..");
const assets = (folder: string) => join(LIBRARY, folder, "/");
/** Larger images are left out: decoded, this one takes 400 MB. A page of A0 at 150 dpi has 35 million. */
const MAX_IMAGE_PIXELS = 100_000_000;

plugin(pdfjsHooks);

/** With more text in the layouts of a document, pages are laid out a second time instead. */
const MAX_REMEMBERED_CHARACTERS = 5_000_000;
/** A batch ends after this time, so that the time limit of a question is that of one page. */
const BATCH_MS = 250;
/** A batch ends with this many characters, so that the parent's memory stays small. */
const BATCH_CHARACTERS = 500_000;

/** The open document. */
type Reading = {
  document: PDFDocumentProxy;
  deck: PdfDeck;
  /** Pages that were surveyed and not yet asked for. */
  layouts: Map<number, PageLayout | null>;
  edges: PageEdges[];
  /** Keys of the cells that run through the deck; undefined until the first page after a survey. */
  running: ReadonlySet<string> | undefined;
  rememberedCharacters: number;
};
let reading: Reading;
let idle: Timer | undefined;

type Answers = { [K in Kind]: (q: Exchanges[K]["question"]) => Promise<Exchanges[K]["answer"]> };

const answers: Answers = {
  async open({ path, maxPages }) {
    clearTimeout(idle);
    const document = await load(path);
    if (document.numPages < 1) throw new AppError("pdf_empty");
    if (document.numPages > maxPages) {
      const details = { page_count: document.numPages, max_pages: maxPages };
      throw new AppError("pdf_too_many_pages", details);
    }
    const deck = await readDeck(document);
    const empty = { layouts: new Map(), edges: [], running: undefined, rememberedCharacters: 0 };
    reading = { document, deck, ...empty };
    return deck;
  },
  async survey({ from, most, skip }) {
    reading.running = undefined;
    return await inBatch(from, most, async (page_number) => {
      const isSkipped = skip.includes(page_number);
      return await survey(reading, page_number, isSkipped);
    });
  },
  async pages({ from, most, skip }) {
    reading.running ??= findRunningCells(reading.edges);
    const pages: PdfPage[] = [];
    await inBatch(from, most, async (page_number) => {
      const page = await readPage(reading, page_number, skip.includes(page_number));
      pages.push(page);
      return page.text.length;
    });
    return pages;
  },
  words: async ({ page_number }) => readPageWords(reading.document, page_number),
  render: async ({ page_number, longSidePx }) =>
    draw(await reading.document.getPage(page_number), longSidePx),
  async close() {
    idle = setTimeout(() => process.exit(0), KEPT_MS);
    await loading?.destroy();
    return null;
  },
};

/**
 * Works on pages in order, until the batch is full or has taken its time.
 *
 * @param work  returns how many characters a page has
 * @returns how many pages it worked on, at least one
 */
async function inBatch(
  from: number,
  most: number,
  work: (page_number: number) => Promise<number>,
): Promise<number> {
  const started = performance.now();
  let count = 0;
  let characters = 0;
  do {
    characters += await work(from + count);
    count += 1;
  } while (count < most && characters < BATCH_CHARACTERS && performance.now() - started < BATCH_MS);
  return count;
}

/** Lays out a page and remembers the result. Returns 0, because no text is sent. */
async function survey(open: Reading, page_number: number, isSkipped: boolean): Promise<0> {
  const layout = isSkipped ? null : await readLayout(open.document, page_number);
  open.layouts.set(page_number, layout);
  if (layout) open.edges.push(edgesOf(layout.lines, layout.height));
  open.rememberedCharacters += characters(layout?.lines ?? []);
  if (open.rememberedCharacters > MAX_REMEMBERED_CHARACTERS) open.layouts.clear();
  return 0;
}

async function readPage(open: Reading, page_number: number, isSkipped: boolean): Promise<PdfPage> {
  const remembered = isSkipped ? null : open.layouts.get(page_number);
  open.layouts.delete(page_number);
  const layout =
    remembered === undefined ? await readLayout(open.document, page_number) : remembered;
  return await toPage(open.deck, page_number, layout, open.running!);
}

process.on("disconnect", () => process.exit(0)); // the parent is gone
process.on("unhandledRejection", () => {}); // side branches of the library; the answer has its own
process.on("message", async ({ kind, question }: Question) => {
  process.send!(await replyTo(answers[kind](question as never)));
});

async function replyTo(answer: Promise<Exchanges[Kind]["answer"]>): Promise<Reply> {
  try {
    return { answer: await answer };
  } catch (error) {
    if (error instanceof AppError) return { errorCode: error.errorCode, details: error.details };
    return { errorCode: codeOf(error), details: { reason: (error as Error).message } };
  }
}

function codeOf(error: unknown): ErrorCode {
  const { name, message } = error as Error;
  if (name === "PasswordException" || /encryption/i.test(message)) return "pdf_encrypted";
  return /out of memory|array length/i.test(message) ? "pdf_too_complex" : "pdf_invalid";
}

let loading: PDFDocumentLoadingTask | undefined;

async function load(path: string): Promise<PDFDocumentProxy> {
  // It registers itself, so the library does not search for its file, which a compiled child lacks.
  // @ts-expect-error: the package has no types for it.
  await import("pdfjs-dist/build/pdf.worker.mjs");
  loading = getDocument({
    data: await Bun.file(path).bytes(),
    cMapUrl: assets("cmaps"),
    cMapPacked: true,
    standardFontDataUrl: assets("standard_fonts"),
    wasmUrl: assets("wasm"),
    iccUrl: assets("iccs"),
    maxImageSize: MAX_IMAGE_PIXELS,
    verbosity: 0,
  });
  return await loading.promise;
}

const JPEG_QUALITY = 85;

async function draw(page: PDFPageProxy, longSidePx: number): Promise<PageImage> {
  const { width, height } = page.getViewport({ scale: 1 });
  const viewport = page.getViewport({ scale: longSidePx / Math.max(width, height) });
  const size = [Math.max(1, Math.round(viewport.width)), Math.max(1, Math.round(viewport.height))];
  const { createCanvas, DOMMatrix, Path2D } = await import("@napi-rs/canvas");
  Object.assign(globalThis, { DOMMatrix, Path2D });
  const canvas = createCanvas(size[0]!, size[1]!);
  const canvasContext = canvas.getContext("2d") as unknown as CanvasRenderingContext2D;
  await page.render({ canvas: null, canvasContext, viewport, background: "white" }).promise;
  const bytes = new Uint8Array(await canvas.encode("jpeg", JPEG_QUALITY));
  return { bytes, width: canvas.width, height: canvas.height };
}
