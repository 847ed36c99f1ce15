import { splitSentences } from "../../text/sentences";
import { partsOf, quotationsIn } from "./quotations";
import { stemsOf } from "./stems";

/** Part of a text, `from` inclusive, `to` exclusive. */
export type TextSpan = { from: number; to: number };

const LIST_MARK = /^\s*(?:[>*+-]|#+|\d+[.)])\s+/;
/**
 * The sentences of a passage that support the first supported claim. They contain the claim's words or
 * its longest quotation. For a paraphrase, it is the one sentence with the most words in common, where
 * rare words count more. Undefined without common words, as between different languages.
 *
 * @param pieces the sentences of the passage, or finer parts of it, in order
 */
export function findSupportingSpan(
  passage: string,
  claims: readonly string[],
  pieces: readonly TextSpan[] = sentencesOf(passage),
): TextSpan | undefined {
  const stems = pieces.map(({ from, to }) => stemsOf(passage.slice(from, to)));
  for (const claim of claims) {
    const scores = scorePieces(stems, claim);
    const found = findQuoted(passage, claim, pieces, scores) ?? findClosest(pieces, scores);
    if (found) return found;
  }
  return undefined;
}

function findQuoted(
  passage: string,
  claim: string,
  pieces: readonly TextSpan[],
  scores: number[],
): TextSpan | undefined {
  for (const words of wordingsOf(claim)) {
    const held = findWords(passage, words).map((match) => {
      const under = pieces.flatMap(({ from, to }, i) =>
        from < match.to && to > match.from ? [i] : [],
      );
      return { under, score: Math.max(...under.map((i) => scores[i]!)) };
    });
    const best = firstBest(held, ({ score }) => score);
    if (best) return { from: pieces[best.under[0]!]!.from, to: pieces[best.under.at(-1)!]!.to };
  }
  return undefined;
}

function findClosest(pieces: readonly TextSpan[], scores: number[]): TextSpan | undefined {
  const best = firstBest([...pieces.keys()], (i) => scores[i]!);
  return best !== undefined && scores[best]! > 0 ? pieces[best] : undefined;
}

/** The places of the sentences of a text, without the blanks around them. */
export function sentencesOf(text: string): TextSpan[] {
  let offset = 0;
  return splitSentences(text).flatMap((sentence) => {
    const from = offset + sentence.length - sentence.trimStart().length;
    const to = offset + sentence.trimEnd().length;
    offset += sentence.length;
    return to > from ? [{ from, to }] : [];
  });
}

/** The whole claim, because it can be an extract; then its quotations, the longest first. */
function wordingsOf(claim: string): string[] {
  const quoted = quotationsIn(claim).flatMap(partsOf);
  return [claim.replace(LIST_MARK, ""), ...quoted.sort((a, b) => b.length - a.length)];
}

/** The places of a text, in upper or lower case, with any characters between its words. */
function findWords(text: string, wanted: string): TextSpan[] {
  const words = wanted.match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return [];
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}])${words.join("[^\\p{L}\\p{N}]+")}(?![\\p{L}\\p{N}])`,
    "giu",
  );
  return [...text.matchAll(pattern)].map(({ 0: match, index: from }) => ({
    from,
    to: from + match.length,
  }));
}

function scorePieces(pieces: Set<string>[], claim: string): number[] {
  const wanted = stemsOf(claim);
  const held = pieces.map((stems) => stems.intersection(wanted));
  const count = new Map<string, number>();
  for (const stem of held.flatMap((stems) => [...stems])) {
    count.set(stem, (count.get(stem) ?? 0) + 1);
  }
  const weight = (stem: string) => Math.log(1 + pieces.length / count.get(stem)!);
  return held.map((stems) => [...stems].reduce((sum, stem) => sum + weight(stem), 0));
}

const firstBest = <T>(items: T[], score: (item: T) => number): T | undefined =>
  items.reduce<T | undefined>(
    (best, item) => (best === undefined || score(item) > score(best) ? item : best),
    undefined,
  );
