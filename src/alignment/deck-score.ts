/**
 * How much of a deck is spoken in a lecture.
 *
 * Single words do not tell decks of one course apart: a quarter of the words of any deck is spoken in
 * any lecture. Pairs of neighbouring words do. Of the six recorded lectures with labels, each speaks 17 to
 * 39 % of the pairs of its own deck, and at most 2 % of those of another lecture's.
 */
import { type SpokenTerm, spokenTerms, withPairs } from "./term-weights";

export type DeckScore = {
  /** The share of the deck's pairs that are spoken, 0 to 1. */
  score: number;
  /** Half of the spoken pairs are first spoken before this time, in milliseconds; 0 without any. */
  middle_ms: number;
};

/** So that a few pairs by chance are no high share of a deck with little text. */
const ADDED_PAIRS = 5;

/** When each term and pair of a lecture is first spoken, in milliseconds. */
export function firstMentions(speech: readonly SpokenTerm[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const { term, time_ms } of spokenTerms(speech)) {
    if (!first.has(term)) first.set(term, time_ms);
  }
  return first;
}

/** @param pages the stems of each page in reading order, without stop words */
export function scoreDeck(
  pages: readonly (readonly string[])[],
  mentions: ReadonlyMap<string, number>,
): DeckScore {
  const pairs = pairsOf(pages);
  const times = [...pairs].flatMap((pair) => mentions.get(pair) ?? []).sort((a, b) => a - b);
  return {
    score: times.length / (pairs.size + ADDED_PAIRS),
    middle_ms: Math.round(times[Math.floor(times.length / 2)] ?? 0),
  };
}

/** The least score of a suggested deck. A deck for four lectures has a quarter of its pairs in each. */
const MIN_SCORE = 0.04;
/** A deck of the same course shares terms with a lecture that does not show it. */
const SHARE_OF_BEST = 0.5;
/** From this score on, the confidence of spans does not depend on the deck's score. */
const RELIABLE_SCORE = 0.1;
export const MOST_DECKS = 5;

/** The decks with a score that is high enough for a suggestion, best first. */
export function likelyDecks<D extends DeckScore>(decks: readonly D[]): D[] {
  const ranked = decks.toSorted((a, b) => b.score - a.score);
  const least = Math.max(MIN_SCORE, (ranked[0]?.score ?? 0) * SHARE_OF_BEST);
  return ranked.filter(({ score }) => score >= least);
}

/** In the order in which a lecture shows them. */
export const inSpokenOrder = <D extends Pick<DeckScore, "middle_ms">>(decks: readonly D[]): D[] =>
  decks.toSorted((a, b) => a.middle_ms - b.middle_ms);

/** A revision changes some pages; two decks of one course share a few slides. */
const COPY_SHARE = 0.8;

/**
 * Whether a deck contains most of the other: the same file again, a revision, or a handout. The speech cannot
 * tell copies apart, so of these only one is aligned.
 */
export function areCopies(
  a: readonly (readonly string[])[],
  b: readonly (readonly string[])[],
): boolean {
  const [pairsA, pairsB] = [pairsOf(a), pairsOf(b)];
  const least = Math.min(pairsA.size, pairsB.size);
  return least > 0 && pairsA.intersection(pairsB).size >= least * COPY_SHARE;
}

const pairsOf = (pages: readonly (readonly string[])[]) =>
  new Set(pages.flatMap((stems) => withPairs(stems).slice(stems.length)));

/** The factor of the confidence of a deck's spans, 0 to 1: a foreign deck has no confident span. */
export const reliabilityOf = ({ score }: Pick<DeckScore, "score">): number =>
  Math.min(1, score / RELIABLE_SCORE);
