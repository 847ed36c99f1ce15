import { splitSentences } from "./sentences";
import { splitWords } from "./words";

export type TokenLimit = {
  /** At least the tokens of any single character, or that character exceeds it. */
  maxTokens: number;
  /** Must match the embedding model, which cuts off whatever exceeds its limit. */
  countTokens: (text: string) => number;
};

/** Cuts a text into pieces that are the text again when joined. */
export type Splitter = (text: string) => string[];

/** Words as written; then, for text without spaces, words by dictionary; then characters. */
export const AT_WORDS: readonly Splitter[] = [
  (text) => text.match(/\S+\s*|\s+/g) ?? [],
  splitWords,
  (text) => Array.from(text),
];

/** Paragraphs, then sentences, then words. */
export const AT_PARAGRAPHS: readonly Splitter[] = [
  (text) => text.match(/[\s\S]+?(?:\n\n+|$)/g) ?? [],
  splitSentences,
  ...AT_WORDS,
];

/**
 * Splits a text into the fewest pieces that the coarsest possible splitter allows: what fits stays
 * whole, and only a part that does not fit is handed to the next, finer one.
 */
export function splitToFit(
  text: string,
  limit: TokenLimit,
  [split, ...finer]: readonly Splitter[],
): string[] {
  if (!split || limit.countTokens(text) <= limit.maxTokens) return [text];
  const parts = split(text).flatMap((part) => splitToFit(part, limit, finer));
  const costs = parts.map(limit.countTokens);

  const pieces: string[] = [];
  for (let from = 0, to = 0; from < parts.length; from = to) {
    to = fillUp(from, costs, limit, (end) => parts.slice(from, end).join(""));
    pieces.push(parts.slice(from, to).join(""));
  }
  return pieces;
}

/**
 * Where a chunk that begins with part `from` must end (exclusive): as many parts as fit, at least
 * one. Adding up the costs of the parts is quick but not exact, so the joined text decides.
 */
export function fillUp(
  from: number,
  costs: readonly number[],
  { maxTokens, countTokens }: TokenLimit,
  joinedUpTo: (to: number) => string,
): number {
  let to = from + 1;
  let sum = costs[from]!;
  while (to < costs.length && sum + costs[to]! <= maxTokens) sum += costs[to++]!;
  while (to > from + 1 && countTokens(joinedUpTo(to)) > maxTokens) to--;
  return to;
}
