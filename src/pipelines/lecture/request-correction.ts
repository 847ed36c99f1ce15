import type { Sql } from "../../db/client";
import { addCorrection, type CorrectionJobs, listTranscriptTexts } from "../../db/corrections";
import { getTranscript } from "../../db/transcripts";
import { AppError } from "../../errors";
import { cleanLine } from "../../text/clean-text";
import { correctableWords, findRule, findWords } from "../../text/transcript/correction-places";

type Author = { key_id: string | null; user_id: string | null };

/** Other words than expected at this place of the transcript. */
export type WordCorrection = {
  /** Of the first word, from 0. */
  word_index: number;
  /** The words that the caller sees there; punctuation at the ends can be omitted. */
  expected: string;
  replacement: string;
};

/**
 * Stores a correction of one place of a transcript and queues the job that applies it.
 *
 * @throws AppError `transcript_not_ready`, `too_many_corrections`; `correction_conflict` when other words are at
 * this place
 */
export async function correctWords(
  db: Sql,
  lecture_id: string,
  { word_index, ...texts }: WordCorrection,
  author: Author,
): Promise<CorrectionJobs> {
  const { expected, replacement } = cleanTexts(texts);
  const words = correctableWords(await getTranscript(db, lecture_id));
  const found = findWords(words, word_index, expected);
  if (!found) throw conflict(words, word_index);
  const correction = { ...found, expected, replacement, match_case: true };
  return addCorrection(db, lecture_id, correction, author, []);
}

/** A text that is wrong wherever it occurs in the course. */
export type CorrectionRule = { find: string; replacement: string; match_case: boolean };

/** Transcripts read at a time; one has about 60 KB an hour. */
const BATCH = 20;

/**
 * Stores a rule for all lectures of the course with the same owner, and queues the jobs of those that
 * contain its text. Later transcripts of the course get it too.
 *
 * @throws AppError `lecture_not_found`, `too_many_corrections`
 */
export async function addCorrectionRule(
  db: Sql,
  lecture_id: string,
  { find, replacement: wanted, match_case }: CorrectionRule,
  author: Author,
): Promise<CorrectionJobs> {
  const { expected, replacement } = cleanTexts({ expected: find, replacement: wanted });
  const affected: string[] = [];
  for (let after: string | null = null; ; ) {
    const batch = await listTranscriptTexts(db, lecture_id, { after, limit: BATCH });
    for (const { lecture_id, transcript_text } of batch) {
      if (findRule(transcript_text, { expected, match_case }).length > 0) affected.push(lecture_id);
    }
    if (batch.length < BATCH) break;
    after = batch.at(-1)!.lecture_id;
  }
  const rule = { start_ms: null, nth_at_start: null, expected, replacement, match_case };
  return addCorrection(db, lecture_id, rule, author, affected);
}

function cleanTexts(texts: { expected: string; replacement: string }) {
  const expected = cleanLine(texts.expected);
  const replacement = cleanLine(texts.replacement);
  const problem = (path: string, message: string) =>
    new AppError("request_invalid", { fields: [{ path, message }] });
  if (expected === "") throw problem("expected", "has no visible text");
  if (replacement === "") throw problem("replacement", "has no visible text");
  if (expected === replacement) throw problem("replacement", "is the text that is there");
  return { expected, replacement };
}

const CONTEXT = 3;

function conflict(words: readonly { text: string }[], index: number): AppError {
  const near = words.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1);
  const message =
    near.length === 0
      ? `The transcript has ${words.length} words. Read it again, then correct it`
      : `The transcript has other words there: "… ${near.map(({ text }) => text).join(" ")} …". Read it again, then correct it`;
  return new AppError("correction_conflict", { message });
}
