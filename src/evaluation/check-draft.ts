import type { ExamPassage, WrittenQuestion } from "../db/exam-questions";
import type { QuestionDraft } from "../providers/chat/question-writer";
import { LEAST_COVERAGE } from "../retrieval/question-coverage";
import { detectLanguage } from "../text/language";
import { isQuestionWord } from "../text/question-words";
import { toSearchText } from "../text/search-words";
import type { Segment } from "../text/transcript/transcript";
import { toStem, wordsOf } from "../text/words";

/** In characters. */
const QUESTION = { min: 10, max: 200 };
const QUOTE = { min: 6, max: 300 };
/** A question with this many characters of its passage in a row is a copy of it. */
const COPIED_CHARS = 40;
/** One line without markup and invisible characters that ends in a question mark. */
const PLAIN_QUESTION = /^[^\p{C}\n<>{}`|]+[?？؟]$/u;
const ADDRESS = /https?:|www\./i;
/** The question would be answered by every passage that is shown with it. */
const POINTS_AT_PASSAGE =
  /\b(this|the|above|following) (passage|slide|page|text|excerpt)\b|\b(dies\p{L}*|de[rnmrs]) (abschnitt|folie|seite|text)\p{L}*\b|\b(ce|cette|le|la) (passage|diapositive|page|texte)\b/iu;

export type DraftProblem =
  | "unknown_passage"
  | "not_a_question"
  | "points_at_passage"
  | "copied"
  | "other_language"
  | "quote_not_found"
  | "not_answered_by_passage";

/**
 * Checks a question that a model wrote, by rules without a model.
 *
 * @param segments  the speech of a lecture, in which the quoted words get their time; null for a document
 * @returns the question with its place, or why it cannot be used
 */
export function checkDraft(
  { passage: number, question: drafted, quote }: QuestionDraft,
  passages: readonly ExamPassage[],
  segments: readonly Segment[] | null,
): WrittenQuestion | DraftProblem {
  const passage = passages[number - 1];
  if (!passage) return "unknown_passage";
  const question = drafted.trim();
  const isLong = question.length < QUESTION.min || question.length > QUESTION.max;
  if (isLong || !PLAIN_QUESTION.test(question) || ADDRESS.test(question)) return "not_a_question";
  if (POINTS_AT_PASSAGE.test(question)) return "points_at_passage";
  if (isCopy(question, passage.text)) return "copied";
  if (isOtherLanguage(question, passage.text)) return "other_language";

  const term = findQuote(passage.text, quote);
  if (term === null) return "quote_not_found";
  if (coverageOf(question, passage.text) < LEAST_COVERAGE) return "not_answered_by_passage";
  const place = segments ? findSpoken(passage.place, segments, term) : passage.place;
  return place ? { question, term, place } : "quote_not_found";
}

function isCopy(question: string, passage: string): boolean {
  const text = plain(passage);
  const asked = plain(question);
  if (text.includes(asked.replace(/[^\p{L}\p{N}]+$/u, ""))) return true;
  for (let at = 0; at + COPIED_CHARS <= asked.length; at += 1) {
    if (text.includes(asked.slice(at, at + COPIED_CHARS))) return true;
  }
  return false;
}

const plain = (text: string) => text.toLowerCase().replace(/\s+/g, " ").trim();

/** A short text has often no certain language. */
function isOtherLanguage(question: string, passage: string): boolean {
  const [asked, written] = [question, passage].map(
    (text) => detectLanguage(text).language_code?.split("-")[0],
  );
  return asked !== undefined && written !== undefined && asked !== written;
}

/** The share of the question's words, without question words, that the passage has. */
function coverageOf(question: string, passage: string): number {
  const asked = stemsOf(question);
  const has = new Set(stemsOf(passage));
  return asked.length === 0 ? 0 : asked.filter((stem) => has.has(stem)).length / asked.length;
}

const stemsOf = (text: string): string[] => [
  ...new Set(
    wordsOf(toSearchText(text))
      .filter((word) => !isQuestionWord(word))
      .map(toStem),
  ),
];

/** The quoted words as the text has them, with its blanks and capitals; null if it has them not in a row. */
function findQuote(text: string, quote: string): string | null {
  const words = wordsOf(quote.slice(0, QUOTE.max));
  if (words.length === 0) return null;
  const pattern = words.map((word) => RegExp.escape(word)).join("[^\\p{L}\\p{N}]*");
  const found = new RegExp(pattern, "iu").exec(text)?.[0] ?? null;
  return found && found.length >= QUOTE.min && found.length <= QUOTE.max ? found : null;
}

/** The part of a passage in which words are spoken, by whole segments of the transcript. */
function findSpoken(
  place: ExamPassage["place"],
  segments: readonly Segment[],
  words: string,
): ExamPassage["place"] | null {
  if (!("start_ms" in place)) return null;
  const inside = segments.filter(
    ({ start_ms, end_ms }) => start_ms < place.end_ms && place.start_ms < end_ms,
  );
  const starts: number[] = [];
  let text = "";
  for (const segment of inside) {
    starts.push(text.length);
    text += lettersOf(segment.text);
  }
  const wanted = lettersOf(words);
  const from = text.indexOf(wanted);
  if (from < 0) return null;
  const segmentAt = (at: number) => inside[starts.findLastIndex((start) => start <= at)]!;
  return {
    asset_id: place.asset_id,
    start_ms: segmentAt(from).start_ms,
    end_ms: segmentAt(from + wanted.length - 1).end_ms,
  };
}

const lettersOf = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
