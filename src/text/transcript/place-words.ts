import type { Word } from "./transcript";

/** A word with the times that a service sent: milliseconds, null where it sent none. */
export type MaybeTimedWord = Omit<Word, "start_ms" | "end_ms"> & {
  start_ms: number | null;
  end_ms: number | null;
};

/**
 * Gives every word a time. A word without times lies between its neighbours; several of them share
 * that gap by the length of their texts. A missing first start or last end is that of `bounds`.
 *
 * @param words  in the order of speech
 * @param bounds  the segment or the audio that contains the words, in milliseconds
 */
export function placeWords(
  words: readonly MaybeTimedWord[],
  bounds: { start_ms: number; end_ms: number },
): Word[] {
  const upcoming = upcomingTimes(words, bounds.end_ms);
  let previousEnd = bounds.start_ms;
  return words.map((word, i) => {
    const start_ms = word.start_ms ?? previousEnd;
    const { time, lengthLeft } = upcoming[i]!;
    const share = lengthOf(word) / lengthLeft;
    const end_ms = word.end_ms ?? start_ms + Math.max(0, time - start_ms) * share;
    previousEnd = Math.max(start_ms, end_ms);
    return { ...word, start_ms, end_ms: previousEnd };
  });
}

/** A word without letters still takes a little time. */
const lengthOf = ({ text }: MaybeTimedWord) => Math.max(1, text.trim().length);

/** For each word: the next known time after its start, and the length of the texts until then. */
function upcomingTimes(words: readonly MaybeTimedWord[], end_ms: number) {
  const upcoming: { time: number; lengthLeft: number }[] = [];
  let next = { time: end_ms, lengthLeft: 0 };
  for (const word of words.toReversed()) {
    if (word.end_ms !== null) next = { time: word.end_ms, lengthLeft: 0 };
    next = { time: next.time, lengthLeft: next.lengthLeft + lengthOf(word) };
    upcoming.push(next);
    if (word.start_ms !== null) next = { time: word.start_ms, lengthLeft: 0 };
  }
  return upcoming.reverse();
}
