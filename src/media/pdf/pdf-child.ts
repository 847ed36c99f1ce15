/**
 * The process that reads one untrusted PDF. It is started by `pdf-process.ts`, answers one question at a
 * time, and expects to be killed.
 */
import { join } from "node:path";
import {
  getDocument,
  type PDFDocumentProxy,
  type PDFPageProxy,
} from "pdfjs-dist/legacy/build/pdf.mjs";
import { AppError, type ErrorCode } from "../../errors";
import type { PdfDeck } from "./pdf-deck";
import { characters } from "./pdf-layout";
import { type PageLayout, readDeck, readLayout, readPageWords, toPage } from "./pdf-pages";
import type { Exchanges, Kind, PageImage, Question, Reply } from "./pdf-process";
import { installPdfjsHooks } from "./pdfjs-hooks";
import { edgesOf, findRunningCells, type PageEdges } from "./running-lines";

const LIBRARY = join(Bun.resolveSync("pdfjs-dist/package.json", import.meta.dir), "..");
const assets = (folder: string) => join(LIBRARY, folder, "/");
/** Larger images are left out: decoded, this one takes 400 MB. A page of A0 at 150 dpi has 35 million. */
const MAX_IMAGE_PIXELS = 100_000_000;

installPdfjsHooks();

let document: PDFDocumentProxy;
let deck: PdfDeck;
/** Pages that were surveyed and not yet asked for. */
const layouts = new Map<number, PageLayout | null>();
const edges: PageEdges[] = [];
let running: ReadonlySet<string> | undefined;
let rememberedCharacters = 0;
/** With more text, pages are laid out a second time instead. */
const MAX_REMEMBERED_CHARACTERS = 5_000_000;

type Answers = { [K in Kind]: (q: Exchanges[K]["question"]) => Promise<Exchanges[K]["answer"]> };

const answers: Answers = {
  async open({ path, maxPages }) {
    document = await load(path);
    if (document.numPages < 1) throw new AppError("pdf_empty");
    if (document.numPages > maxPages) {
      const details = { page_count: document.numPages, max_pages: maxPages };
      throw new AppError("pdf_too_many_pages", details);
    }
    return (deck = await readDeck(document));
  },
  async survey({ page_number }) {
    const layout = await readLayout(document, page_number);
    layouts.set(page_number, layout);
    if (layout) edges.push(edgesOf(layout.lines, layout.height));
    rememberedCharacters += characters(layout?.lines ?? []);
    if (rememberedCharacters > MAX_REMEMBERED_CHARACTERS) layouts.clear();
    return null;
  },
  async page({ page_number }) {
    const remembered = layouts.get(page_number);
    layouts.delete(page_number);
    const layout = remembered === undefined ? await readLayout(document, page_number) : remembered;
    running ??= findRunningCells(edges);
    return await toPage(document, deck, page_number, layout, running);
  },
  words: async ({ page_number }) => readPageWords(document, page_number),
  render: async ({ page_number, longSidePx }) =>
    draw(await document.getPage(page_number), longSidePx),
};

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

async function load(path: string): Promise<PDFDocumentProxy> {
  return await getDocument({
    data: await Bun.file(path).bytes(),
    cMapUrl: assets("cmaps"),
    cMapPacked: true,
    standardFontDataUrl: assets("standard_fonts"),
    wasmUrl: assets("wasm"),
    iccUrl: assets("iccs"),
    maxImageSize: MAX_IMAGE_PIXELS,
    verbosity: 0,
  }).promise;
}

const JPEG_QUALITY = 85;

async function draw(page: PDFPageProxy, longSidePx: number): Promise<PageImage> {
  const { width, height } = page.getViewport({ scale: 1 });
  const viewport = page.getViewport({ scale: longSidePx / Math.max(width, height) });
  const size = [Math.max(1, Math.round(viewport.width)), Math.max(1, Math.round(viewport.height))];
  const { createCanvas } = await import("@napi-rs/canvas");
  const canvas = createCanvas(size[0]!, size[1]!);
  const canvasContext = canvas.getContext("2d") as unknown as CanvasRenderingContext2D;
  await page.render({ canvas: null, canvasContext, viewport, background: "white" }).promise;
  const bytes = new Uint8Array(await canvas.encode("jpeg", JPEG_QUALITY));
  return { bytes, width: canvas.width, height: canvas.height };
}
