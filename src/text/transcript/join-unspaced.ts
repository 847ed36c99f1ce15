import type { MaybeTimedWord } from "./place-words";
import { spaceBetween } from "./transcript";

/**
 * Joins the words between which a service reports no space, such as "l'" and "homme". Chinese and
 * other scripts have no spaces between words, so there, and in lists without any space, words stay
 * separate.
 *
 * @param entries  null is a space
 */
export function joinUnspaced<W extends MaybeTimedWord>(entries: readonly (W | null)[]): W[] {
  const hasSpaces = entries.includes(null);
  const words: W[] = [];
  let isAfterSpace = true;
  for (const entry of entries) {
    const last = words.at(-1);
    if (entry !== null) {
      if (last && hasSpaces && !isAfterSpace && isSameWord(last, entry)) {
        words[words.length - 1] = { ...last, text: last.text + entry.text, end_ms: entry.end_ms };
      } else words.push(entry);
    }
    isAfterSpace = entry === null;
  }
  return words;
}

const isSameWord = (last: MaybeTimedWord, next: MaybeTimedWord): boolean =>
  last.speaker === next.speaker &&
  !last.kind &&
  !next.kind &&
  spaceBetween(last.text, next.text) !== "";
