import type { Sql } from "../../db/client";
import { type DocumentBuild, getBuild } from "../../db/document-versions";
import { markDescribed, updateDocumentFacts } from "../../db/documents";
import { toModelName } from "../../db/jobs/provider-calls";
import { throughOutages } from "../../db/outage";
import {
  listBuildDescriptions,
  listDescribedPages,
  type SlideDescription,
  saveDescription,
} from "../../db/slides";
import { AppError } from "../../errors";
import type { PageImage, PageRenderer } from "../../media/pdf/page-images";
import { type Pdf, readPdf } from "../../media/pdf/pdf";
import type { PdfPage } from "../../media/pdf/pdf-deck";
import { openScratch } from "../../media/scratch";
import type { OpenOcr } from "../../providers/slides/ocr";
import type { SlideDescriber } from "../../providers/slides/slide-describer";
import type { FileStorage } from "../../storage/files";
import { chooseDeckTitle } from "../../text/deck-title";
import { type DetectedLanguage, detectLanguage, textConfigFor } from "../../text/language";
import { type Attempt, assertStillClaimed } from "../step";
import { eachAtMost } from "./each-at-most";
import { describePage, needsImage, type PageInDeck, PICTURE_NOT_READ } from "./page";

export type DescribeTools = {
  db: Sql;
  storage: FileStorage;
  pageRenderer: PageRenderer;
  slideDescriber: SlideDescriber | null;
  openOcr: OpenOcr | null;
  dataRoot: string;
  maxPages: number;
};

/** Pages described at the same time. A crash repeats at most these, and a provider's quota allows them. */
const PAGES_AT_ONCE = 4;

/** Pages drawn by one process. Its start costs as much as drawing one or two pages. */
const PAGES_PER_DRAWING = 12;

/** Share of describing in the whole work, in percent. Embedding is the rest. */
export const DESCRIBED_PERCENT = 70;

export type Wanted = {
  /** Only these pages; all of them when left out. */
  pages?: number[] | undefined;
  /** Also pages that are described already. */
  force?: boolean | undefined;
};

/**
 * The pages of a build that must be described; null before its file was opened, because their number is
 * unknown. A page without text is missing as soon as a model or OCR is configured.
 */
export async function pagesToDescribe(
  { db, slideDescriber, openOcr }: Pick<DescribeTools, "db" | "slideDescriber" | "openOcr">,
  { id, page_count }: Pick<DocumentBuild, "id" | "page_count">,
  { pages, force }: Wanted = {},
): Promise<number[] | null> {
  if (page_count === null) return null;
  const canSee = slideDescriber !== null || openOcr !== null;
  const known = new Set(force ? [] : await listDescribedPages(db, id, !canSee));
  const all = Array.from({ length: page_count }, (_, i) => i + 1);
  return all.filter((n) => !known.has(n) && (pages?.includes(n) ?? true));
}

/**
 * Describes the wanted pages. Each is saved as soon as it is described, with the record of its cost, so
 * an interrupted attempt loses only the pages in progress.
 *
 * @throws AppError `document_without_text` for a form that only Adobe software can display
 */
export async function describePages(
  document_id: string,
  tools: DescribeTools,
  { fence, signal, progress, calls }: Attempt<"document">,
  wanted: Wanted = {},
): Promise<void> {
  const { db, storage, slideDescriber, dataRoot, maxPages } = tools;
  if (slideDescriber) await calls.assertReachable(toModelName(slideDescriber.model).provider);
  await using scratch = await openScratch(dataRoot);
  const { file_id, filename, sha256, next_version_id } = await getBuild(db, document_id);
  const path = await storage.localPath(file_id, scratch.path, signal);
  await using pdf = await readPdf(path, { maxPages, signal });
  const { page_count, unread_content } = pdf;
  if (unread_content === "xfa_form") {
    throw new AppError("document_without_text", { message: NOT_READ.xfa_form });
  }
  const facts = { page_count, title: await findTitle(pdf, filename), metadata: toMetadata(pdf) };
  assertStillClaimed(await updateDocumentFacts(db, fence, facts));

  const { title } = await getBuild(db, document_id);
  const missing = new Set(await pagesToDescribe(tools, { id: document_id, page_count }, wanted));
  await using ocr = tools.openOcr?.() ?? null;
  const drawing = { path, pageRenderer: tools.pageRenderer, folder: scratch.path, signal };
  const see = { slideDescriber, ocr };
  const pages = withImages(pagesInDeck(pdf, title, missing), drawing, see);
  let done = page_count - missing.size;

  await eachAtMost(PAGES_AT_ONCE, pages, async ({ deck, image }) => {
    const { page_number } = deck.page;
    const version = next_version_id ? `:version:${next_version_id}` : "";
    const key = `document:${document_id}${version}:page:${page_number}:describe`;
    const receipts = calls.keeping("describe", key, sha256);
    const pageTools = { slideDescriber, ocr, signal, calls: receipts };
    const description = await describePage(deck, image, pageTools);
    const save = () => saveDescription(db, fence, description);
    assertStillClaimed(await throughOutages(save, signal));
    await receipts.stored();
    done += 1;
    await progress((DESCRIBED_PERCENT * done) / page_count);
  });
}

/** Reads the first page only if the file's title and its name are both generic. */
async function findTitle(pdf: Pdf, filename: string): Promise<string | null> {
  return (
    chooseDeckTitle(pdf.title, filename, null) ??
    chooseDeckTitle(null, filename, (await pdf.page(1)).title)
  );
}

/** Content of the file that is not read, in words for a teacher. */
const NOT_READ = {
  portfolio:
    "The PDF is a portfolio. Only its cover page was read. Save the files inside it and upload each of them.",
  xfa_form:
    "The PDF is an XFA form, which only Adobe software can display. Open it there, print it to a new PDF and upload that.",
};

function toMetadata({ metadata, unread_content }: Pdf): Record<string, unknown> {
  if (!unread_content) return metadata;
  const warning = { code: `${unread_content}_not_read`, message: NOT_READ[unread_content] };
  return { ...metadata, warnings: [warning] };
}

/** The wanted pages in order, each with the titles before and after it. */
async function* pagesInDeck(
  pdf: Pdf,
  deck_title: string | null,
  wanted: Set<number>,
): AsyncGenerator<PageInDeck> {
  const { page_count } = pdf;
  let before: PdfPage | null = null;
  let page: PdfPage | null = null;
  const describe = (next: PdfPage | null): PageInDeck | null =>
    page && wanted.has(page.page_number)
      ? {
          page,
          page_count,
          deck_title,
          previous_title: before?.title ?? null,
          next_title: next?.title ?? null,
        }
      : null;

  for await (const next of pdf.pages()) {
    const current = describe(next);
    if (current) yield current;
    before = page;
    page = next;
  }
  const last = describe(null);
  if (last) yield last;
}

type DrawingTools = {
  path: string;
  pageRenderer: PageRenderer;
  /** Takes files while pages are drawn. */
  folder: string;
  signal: AbortSignal;
};
type DrawnPage = { deck: PageInDeck; image: PageImage | null };

/** Adds images to the pages that need one, drawn in batches; null for a page that cannot be drawn. */
async function* withImages(
  pages: AsyncGenerator<PageInDeck>,
  { path, pageRenderer, folder, signal }: DrawingTools,
  see: Parameters<typeof needsImage>[1],
): AsyncGenerator<DrawnPage> {
  for await (const batch of batches(pages, PAGES_PER_DRAWING)) {
    const toDraw = batch.filter(({ page }) => needsImage(page, see));
    const numbers = toDraw.map(({ page }) => page.page_number);
    const images = await pageRenderer.renderAll(path, numbers, { folder, signal });
    for (const deck of batch) yield { deck, image: images.get(deck.page.page_number) ?? null };
  }
}

async function* batches<T>(items: AsyncGenerator<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

export type DescribedDeck = { pages: SlideDescription[]; language: DetectedLanguage };

/**
 * Marks a document as described after all its pages are stored, and detects its language.
 *
 * @throws AppError `document_without_text` when the pages have no words to search for, `pdf_invalid` when
 *   no page could be read
 */
export async function settleDescription(
  document_id: string,
  db: Sql,
  { fence }: Attempt<"document">,
): Promise<DescribedDeck> {
  const pages = await listBuildDescriptions(db, document_id);
  const text = pages.map((page) => page.normalized_description).join("\n");
  if (text.trim() === "") throw wordless(pages);
  if (isStampOnly(pages)) throw new AppError("document_without_text");
  const language = languageOf(text, pages);
  assertStillClaimed(await markDescribed(db, fence, language.language_code));
  return { pages, language };
}

/** Whether all pages are pictures with the same text layer, such as the stamp of a scanner program. */
function isStampOnly(pages: SlideDescription[]): boolean {
  const isUnread = pages.every(({ metadata }) => metadata.describe_error === PICTURE_NOT_READ);
  const texts = new Set(pages.map(({ normalized_description }) => normalized_description));
  return isUnread && pages.length > 1 && texts.size === 1;
}

/** The error of a document without words: with the problems of its pages, if a model or OCR read them. */
function wordless(pages: SlideDescription[]): AppError {
  if (pages.every(({ metadata }) => metadata.unreadable)) {
    return new AppError("pdf_invalid", { reason: "every page is damaged" });
  }
  const seen = pages.some((page) => page.described_by !== "text" || page.metadata.describe_error);
  if (!seen) return new AppError("document_without_text");
  const problems = new Set(pages.map((page) => page.metadata.describe_error ?? "blank"));
  const message = `No page has words to search for: ${[...problems].join(", ")}`;
  return new AppError("document_without_text", { message });
}

/** Detected from the words; if there are too few, the language that the model reports for most pages. */
function languageOf(text: string, pages: SlideDescription[]): DetectedLanguage {
  const detected = detectLanguage(text);
  if (detected.language_code) return detected;
  const counts = new Map<string, number>();
  for (const { language } of pages.map(({ metadata }) => metadata)) {
    if (language) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most ? { language_code: most[0], text_config: textConfigFor(most[0]) } : detected;
}
