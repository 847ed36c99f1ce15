import type { MaybeTimedWord } from "./place-words";

/** The words as a text spells them, with its punctuation; null where the text has other words. */
export function respelled(words: readonly MaybeTimedWord[], text: string): MaybeTimedWord[] | null {
  const spelled = text.trim().split(/\s+/);
  const isSame =
    spelled.length === words.length &&
    words.every(
      (word, i) => word.text.includes("\ufffd") || lettersOf(word.text) === lettersOf(spelled[i]!),
    );
  return isSame ? words.map((word, i) => ({ ...word, text: spelled[i]! })) : null;
}

const lettersOf = (text: string) => text.replace(/[^\p{L}\p{N}\p{M}]/gu, "").toLowerCase();
