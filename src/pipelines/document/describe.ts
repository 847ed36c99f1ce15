import type { Sql } from "../../db/client";
import { type Document, getDocument, markDescribed, updateDocumentFacts } from "../../db/documents";
import {
  listDescribedPages,
  listDescriptions,
  type SlideDescription,
  saveDescription,
} from "../../db/slides";
import { AppError } from "../../errors";
import type { PageRenderer } from "../../media/pdf/page-images";
import { type Pdf, type PdfPage, readPdf } from "../../media/pdf/pdf";
import { openScratch } from "../../media/scratch";
import type { OpenOcr } from "../../providers/slides/ocr";
import type { SlideDescriber } from "../../providers/slides/slide-describer";
import type { DocumentStorage } from "../../storage/documents";
import { type DetectedLanguage, detectLanguage, textConfigFor } from "../../text/language";
import { type Attempt, assertStillClaimed } from "../step";
import { eachAtMost } from "./each-at-most";
import { describePage, type PageInDeck, toProviderCall } from "./page";

export type DescribeTools = {
  db: Sql;
  storage: DocumentStorage;
  pageRenderer: PageRenderer;
  slideDescriber: SlideDescriber | null;
  openOcr: OpenOcr | null;
  dataRoot: string;
  maxPages: number;
};

/** Pages looked at together: what a crash may cost twice, and what a provider's quota bears. */
const PAGES_AT_ONCE = 4;

/** Share of the whole work, in percent: reading and describing pages; then they are embedded. */
export const DESCRIBED_PERCENT = 70;

export type Wanted = {
  /** Only these pages; all of them when left out. */
  pages?: number[] | undefined;
  /** Also pages that are described already. */
  force?: boolean | undefined;
};

/**
 * Which pages of a document are to be described; null when only its file can tell, because nobody has
 * opened it yet. A page of which nothing is known counts as missing as soon as somebody can look at it.
 */
export async function pagesToDescribe(
  { db, slideDescriber, openOcr }: Pick<DescribeTools, "db" | "slideDescriber" | "openOcr">,
  { id, page_count }: Pick<Document, "id" | "page_count">,
  { pages, force }: Wanted = {},
): Promise<number[] | null> {
  if (page_count === null) return null;
  const canSee = slideDescriber !== null || openOcr !== null;
  const known = new Set(force ? [] : await listDescribedPages(db, id, !canSee));
  const all = Array.from({ length: page_count }, (_, i) => i + 1);
  return all.filter((n) => !known.has(n) && (pages?.includes(n) ?? true));
}

/**
 * Describes the pages that are wanted. Each is kept as soon as it is there, with the record of what it
 * cost, so an interrupted attempt loses what was under way and nothing else.
 */
export async function describePages(
  document_id: string,
  tools: DescribeTools,
  { fence, signal, progress }: Attempt<"document">,
  wanted: Wanted = {},
): Promise<void> {
  const { db, storage, slideDescriber, dataRoot, maxPages } = tools;
  await using scratch = await openScratch(dataRoot);
  const path = await storage.localPath(document_id, scratch.path, signal);
  await using pdf = await readPdf(path, { maxPages, signal });
  const { page_count, title, metadata } = pdf;
  assertStillClaimed(await updateDocumentFacts(db, fence, { page_count, title, metadata }));

  const document = await getDocument(db, document_id);
  const missing = new Set(await pagesToDescribe(tools, { id: document_id, page_count }, wanted));
  await using ocr = tools.openOcr?.() ?? null;
  const render = (n: number) => tools.pageRenderer.render(path, n, { signal });
  let done = page_count - missing.size;

  await eachAtMost(PAGES_AT_ONCE, pagesInDeck(pdf, document.title, missing), async (deck) => {
    const { page_number } = deck.page;
    const pageTools = { slideDescriber, ocr, render, signal };
    const { description, answer } = await describePage(deck, pageTools);
    const key = `document:${document_id}:page:${page_number}:describe`;
    // What is bought again on purpose is another purchase.
    const call_key = wanted.force ? `${key}:${fence.job_id}:${fence.attempt}` : key;
    const call = toProviderCall(answer, slideDescriber?.model ?? "", call_key);
    assertStillClaimed(await saveDescription(db, fence, description, call));
    done += 1;
    await progress((DESCRIBED_PERCENT * done) / page_count);
  });
}

/** The wanted pages in order, each with the titles around it: three pages in memory, never the deck. */
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
          ...{ page, page_count, deck_title },
          ...{ previous_title: before?.title ?? null, next_title: next?.title ?? null },
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

export type DescribedDeck = { pages: SlideDescription[]; language: DetectedLanguage };

/**
 * Says that every page is in, and in which language they speak.
 *
 * @throws AppError `document_without_text` when there is not a word to search for, `pdf_invalid` when no
 *   page could even be read
 */
export async function settleDescription(
  document_id: string,
  db: Sql,
  { fence }: Attempt<"document">,
): Promise<DescribedDeck> {
  const pages = await listDescriptions(db, document_id);
  const text = pages.map((page) => page.normalized_description).join("\n");
  if (text.trim() === "") throw wordless(pages);
  const language = languageOf(text, pages);
  assertStillClaimed(await markDescribed(db, fence, language.language_code));
  return { pages, language };
}

/** Who looked at the pages is told what became of it; who could not, what would help. */
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

/** The words decide; where they are too few, what the model took most pages for. */
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
