import { publishAsset, replaceDraftChunks } from "../../db/chunks/draft-chunks";
import { getBuild } from "../../db/document-versions";
import type { SlideDescription } from "../../db/slides";
import type { Embedder } from "../../providers/embedder";
import { chunkSlides, type SlidePage } from "../../text/chunk-slides";
import { tellingLabel } from "../../text/page-place";
import { withoutRepeatedLines } from "../../text/repeated-lines";
import { embedChunks } from "../embed";
import { writeExamQuestions } from "../exam-questions";
import { type Attempt, assertStillClaimed } from "../step";
import {
  DESCRIBED_PERCENT,
  type DescribeTools,
  describePages,
  pagesToDescribe,
  settleDescription,
} from "./describe";

export type DocumentTools = DescribeTools & { embedder: Embedder };

/** A passage of about a slide: enough to be understood alone, little enough to be one thought. */
export const SLIDE_CHUNK_TOKENS = 300;

/**
 * Builds a document, or its next version, from the stored bytes and publishes it. A former version answers
 * questions until then.
 *
 * Safe to repeat: described pages and embedded chunks are kept, so another attempt does only what is
 * missing.
 */
export async function ingestDocument(
  document_id: string,
  tools: DocumentTools,
  attempt: Attempt<"document">,
): Promise<void> {
  const { db, embedder } = tools;
  const { fence, step } = attempt;

  const missing = await pagesToDescribe(tools, await getBuild(db, document_id));
  if (missing === null || missing.length > 0) {
    await step("describing", () => describePages(document_id, tools, attempt));
  }
  const { pages, language } = await settleDescription(document_id, db, attempt);

  await step("embedding", async () => {
    const maxTokens = Math.min(SLIDE_CHUNK_TOKENS, embedder.maxTokens);
    const { countTokens } = embedder;
    const chunks = chunkSlides(toSlides(pages), { maxTokens, countTokens });
    const drafts = chunks.map(({ page_number, page_end, ...chunk }) => ({
      ...chunk,
      starts: page_number,
      ends: page_end,
    }));
    const { text_config } = language;
    assertStillClaimed(await replaceDraftChunks(db, "document", fence, drafts, text_config));
    const percentAt = (fraction: number) =>
      DESCRIBED_PERCENT + (100 - DESCRIBED_PERCENT) * fraction;
    await embedChunks("document", document_id, tools, attempt, percentAt);
    assertStillClaimed(await publishAsset(db, fence));
    await writeExamQuestions(db, "document", document_id);
  });
}

/** Pages read by OCR have no places of lines, so their headers and footers are found by their words. */
function toSlides(pages: SlideDescription[]): SlidePage[] {
  const scanned = pages.filter(({ described_by }) => described_by === "ocr");
  const texts = withoutRepeatedLines(scanned.map((page) => page.normalized_description));
  const textOf = new Map(scanned.map(({ page_number }, i) => [page_number, texts[i]!]));
  return pages.map((page) => ({
    ...toSlide(page),
    content: textOf.get(page.page_number) ?? page.normalized_description,
  }));
}

function toSlide({ page_number, metadata }: SlideDescription) {
  return {
    page_number,
    label: tellingLabel(page_number, metadata.label),
    title: metadata.title ?? null,
    section: metadata.section ?? null,
    ...(metadata.tags && { tags: metadata.tags }),
  };
}
