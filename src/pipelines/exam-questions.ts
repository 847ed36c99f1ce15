import type { Sql } from "../db/client";
import { listAssetTexts, replaceTermQuestions, type TermQuestion } from "../db/exam-questions";
import type { JobKind } from "../db/jobs/jobs";
import { rankDeckTerms } from "../text/deck-terms";
import { detectLanguage } from "../text/language";
import { estimateTokens, toTermQuestion } from "../text/term-questions";

const QUESTIONS = 6;
/** A term of more chunks is a subject of the whole asset: no single place answers a question about it. */
const MOST_CHUNKS = 2;
const MIN_LENGTH = 5;
const MAX_LENGTH = 80;

/**
 * Writes the exam questions of an asset from its published chunks: about headings and rare terms, without a model.
 * They replace the former ones.
 */
export async function writeExamQuestions(db: Sql, kind: JobKind, asset_id: string): Promise<void> {
  const texts = await listAssetTexts(db, kind, asset_id);
  await replaceTermQuestions(db, kind, asset_id, toExamQuestions(texts));
}

/** Questions about the headings and the rare terms of texts: headings first, then the rarest terms. */
export function toExamQuestions(
  texts: readonly { text: string; title: string | null }[],
): TermQuestion[] {
  const language = detectLanguage(texts.map(({ text }) => text).join("\n")).language_code;
  const lower = texts.map(({ text }) => text.toLowerCase());
  const isSpecific = (term: string) => {
    const chunks = lower.filter((text) => text.includes(term.toLowerCase())).length;
    return chunks > 0 && chunks <= MOST_CHUNKS;
  };
  const terms = rankDeckTerms(texts, estimateTokens).filter(
    (term) => term.length >= MIN_LENGTH && term.length <= MAX_LENGTH && isSpecific(term),
  );
  const isHeading = (term: string) => term.includes(" ");
  return [...terms.filter(isHeading), ...terms.filter((term) => !isHeading(term))]
    .slice(0, QUESTIONS)
    .map((term) => ({ term, question: toTermQuestion(term, language) }));
}
