import type { Sql } from "../../db/client";
import { getDocument, markDescribed, updateDocumentFacts } from "../../db/documents";
import {
  listDescriptions,
  replaceSlideChunks,
  type SlideDescription,
  saveDescription,
} from "../../db/slides";
import { type PdfPage, readPdf } from "../../media/pdf";
import { openScratch } from "../../media/scratch";
import type { Embedder } from "../../providers/embedder";
import type { DocumentStorage } from "../../storage/documents";
import { chunkSlides } from "../../text/chunk-slides";
import { detectLanguage } from "../../text/language";
import { type Attempt, held } from "../step";
import { embedSlideChunks } from "./embed";

export type DocumentTools = {
  db: Sql;
  storage: DocumentStorage;
  embedder: Embedder;
  dataRoot: string;
  maxPages: number;
};

/** A passage of about a slide: enough to be understood alone, little enough to be one thought. */
const CHUNK_TOKENS = 300;
/** Share of the whole work, in percent: reading and describing pages, then embedding them. */
const DESCRIBED_PERCENT = 70;

/**
 * Takes a document from its stored bytes to searchable chunks.
 *
 * Safe to repeat: pages that are described stay described, and chunks that are embedded stay embedded,
 * so another attempt does what is missing.
 */
export async function ingestDocument(
  document_id: string,
  tools: DocumentTools,
  attempt: Attempt<"document">,
): Promise<void> {
  const { db, embedder } = tools;
  const { fence, step } = attempt;

  const document = await getDocument(db, document_id);
  const complete = document.page_count === document.described_page_count;
  if (!complete) await step("describing", () => describePages(document_id, tools, attempt));

  const pages = await listDescriptions(db, document_id);
  const text = pages.map((page) => page.normalized_description).join("\n");
  const { language_code, text_config } = detectLanguage(text);
  held(await markDescribed(db, fence, language_code));

  await step("embedding", async () => {
    const maxTokens = Math.min(CHUNK_TOKENS, embedder.maxTokens);
    const { countTokens } = embedder;
    const chunks = chunkSlides(pages.map(toSlide), { maxTokens, countTokens });
    held(await replaceSlideChunks(db, fence, chunks, text_config));
    await embedSlideChunks(document_id, tools, attempt, DESCRIBED_PERCENT);
  });
}

/** Each page is kept as soon as it is read: an interrupted attempt costs no page twice. */
async function describePages(
  document_id: string,
  { db, storage, dataRoot, maxPages }: DocumentTools,
  { fence, signal, progress }: Attempt<"document">,
): Promise<void> {
  await using scratch = await openScratch(dataRoot);
  const described = new Set((await listDescriptions(db, document_id)).map((p) => p.page_number));
  const path = await storage.localPath(document_id, scratch.path, signal);
  await using pdf = await readPdf(path, { maxPages, signal });
  const { page_count, title, metadata } = pdf;
  held(await updateDocumentFacts(db, fence, { page_count, title, metadata }));

  for await (const page of pdf.pages()) {
    if (!described.has(page.page_number)) {
      held(await saveDescription(db, fence, describeByText(page)));
    }
    await progress((DESCRIBED_PERCENT * page.page_number) / page_count);
  }
}

/** What a page's own text layer says of it. */
function describeByText(page: PdfPage): SlideDescription {
  const { page_number, text, title, section, label, headings } = page;
  return {
    page_number,
    raw_description: text,
    normalized_description: text,
    described_by: "text",
    metadata: {
      ...(title && { title }),
      ...(section && { section }),
      ...(label && { label }),
      ...(headings.length > 0 && { headings }),
    },
  };
}

function toSlide({ page_number, normalized_description, metadata }: SlideDescription) {
  return {
    page_number,
    title: metadata.title ?? null,
    section: metadata.section ?? null,
    content: normalized_description,
    ...(metadata.tags && { tags: metadata.tags }),
  };
}
