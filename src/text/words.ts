/** Splits text into words in every script, also those written without spaces (Chinese, Japanese, Thai). */
const segmenter = new Intl.Segmenter("en", { granularity: "word" });

/** The words of a text and the pieces between them; joined, they are the text again. */
export const splitWords = (text: string): string[] =>
  Array.from(segmenter.segment(text), ({ segment }) => segment);

/** The words of a text as written, in order, without blanks and punctuation. */
export const wordsOf = (text: string): string[] =>
  [...segmenter.segment(text)].flatMap(({ segment, isWordLike }) => (isWordLike ? [segment] : []));

/** Six letters distinguish most words and ignore most endings. */
const STEM_LENGTH = 6;

/** A stem for comparing words without knowing their language. */
export const toStem = (word: string): string => word.toLowerCase().slice(0, STEM_LENGTH);
