import { splitSentences } from "./sentences";
import { splitWords } from "./words";

export type TokenLimit = {
  /** At least the number of tokens of every single character; a character is never split. */
  maxTokens: number;
  /** The token count of the embedding model, which ignores text beyond its limit. */
  countTokens: (text: string) => number;
};

/** Splits a text into pieces; the joined pieces are the text. */
export type Splitter = (text: string) => string[];

/** Words between spaces; for text without spaces, words by dictionary; then characters. */
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
 * Splits a text into as few pieces as possible with the coarsest splitter that suffices: a part that
 * fits is not split, and only a part that does not fit is split by the next, finer splitter.
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
 * The end (exclusive) of a chunk that starts with part `from`: as many parts as fit, at least one.
 * The sum of the costs of the parts is fast but not exact, so the joined text is counted at the end.
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
