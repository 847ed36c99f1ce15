/** Finds the places of a transcript that a correction means. */
import { endsUnspaced, type Segment, startsUnspaced, type Word } from "./transcript";

/** A correction of the words that start at `start_ms`, or of all places (`start_ms` null: a rule). */
export type TextCorrection = {
  id: string;
  start_ms: number | null;
  /** Its place among the words with the same start, from 0; null for a rule. */
  nth_at_start: number | null;
  /** One or more words. */
  expected: string;
  replacement: string;
  /** Only for rules: whether `Eigen value` is another text than `eigen value`. */
  match_case: boolean;
};

/** The part of a transcript that corrections change. */
export type CorrectableText = { segments: Segment[]; words: Word[] };

/** The places of a rule in a text. Words can be separated by any white space. */
export function findRule(
  text: string,
  { expected, match_case }: Pick<TextCorrection, "expected" | "match_case">,
): { from: number; to: number }[] {
  return [...text.matchAll(toPattern(expected, match_case))].map(({ index, 0: match }) => ({
    from: index,
    to: index + match.length,
  }));
}

/**
 * The words of a transcript with their times, as corrections count them. Without times of words these are
 * the words of the segments, separated by white space, with interpolated times.
 */
export function correctableWords({ segments, words }: CorrectableText): Word[] {
  return words.length > 0 ? words : segments.flatMap(interpolatedWords);
}

/**
 * Finds the words that a correction means.
 *
 * @param index  of the first word in `correctableWords`
 * @param expected  the text of these words; punctuation at its ends can be omitted
 * @returns the place as corrections store it; null when other words are there
 */
export function findWords(
  words: readonly Word[],
  index: number,
  expected: string,
): { start_ms: number; nth_at_start: number } | null {
  const first = words[index];
  if (!first || !matchAt(words, index, expected)) return null;
  return { start_ms: first.start_ms, nth_at_start: nthAtStart(words, index) };
}

/** The number of words before a word that start at the same time. */
export function nthAtStart(words: readonly Word[], index: number): number {
  let nth = 0;
  while (words[index - nth - 1]?.start_ms === words[index]!.start_ms) nth++;
  return nth;
}

function interpolatedWords({ text, start_ms, end_ms, speaker }: Segment): Word[] {
  const at = (offset: number) =>
    Math.round(start_ms + ((end_ms - start_ms) * offset) / Math.max(1, text.length));
  return [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => ({
    start_ms: at(index),
    end_ms: at(index + word.length),
    text: word,
    ...(speaker !== undefined && { speaker }),
  }));
}

/** Variants of one mark: keyboards type the first, recognisers and slides often write another. */
const APOSTROPHES = "'’ʼ";
const HYPHENS = "-‐‑";

/** The same length as the text: only case and variants of marks differ. */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  return unifyMarks(lower.length === text.length ? lower : text);
}

const unifyMarks = (text: string): string => text.replace(/[’ʼ]/g, "'").replace(/[‐‑]/g, "-");

const MARKS_BEFORE = /^[^\p{L}\p{N}]+/u;
const MARKS_AFTER = /[^\p{L}\p{N}]+$/u;

/** The words from `index` whose text is `expected`, with the number of characters around it. */
export function matchAt(words: readonly Word[], index: number, expected: string) {
  const count = expected.trim().split(/\s+/).length;
  const group = words.slice(index, index + count);
  if (group.length < count) return null;
  const text = unifyMarks(group.map((word) => word.text).join(" "));
  const wanted = unifyMarks(expected.trim().replace(/\s+/g, " "));
  if (text === wanted) return { count, skipped: 0, left: 0 };
  const skipped = MARKS_BEFORE.exec(text)?.[0].length ?? 0;
  const left = MARKS_AFTER.exec(text)?.[0].length ?? 0;
  return text.slice(skipped, text.length - left) === wanted ? { count, skipped, left } : null;
}

const WORD_CHARS = "[\\p{L}\\p{M}\\p{N}_]";

/** Whole words only, except in scripts without spaces between words. */
function toPattern(expected: string, match_case: boolean): RegExp {
  const trimmed = expected.trim();
  const words = trimmed.split(/\s+/).map((word) =>
    unifyMarks(word)
      .replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
      .replaceAll("'", `[${APOSTROPHES}]`)
      .replaceAll("\\-", `[\\${HYPHENS}]`),
  );
  const starts = new RegExp(`^${WORD_CHARS}`, "u").test(trimmed) && !startsUnspaced(trimmed);
  const ends = new RegExp(`${WORD_CHARS}$`, "u").test(trimmed) && !endsUnspaced(trimmed);
  const pattern = `${starts ? `(?<!${WORD_CHARS})` : ""}${words.join("\\s+")}${ends ? `(?!${WORD_CHARS})` : ""}`;
  return new RegExp(pattern, match_case ? "gu" : "giu");
}
