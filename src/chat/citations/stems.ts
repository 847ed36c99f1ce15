import { toStem, wordsOf } from "../../text/words";

/** Words that indicate the topic of a sentence; shorter words are in every sentence. */
const CONTENT_WORD = /^(?:.{4,}|.*\d.*|\p{Lu}{2,}|\p{Lo}{2,})$/u;
const POSSESSIVE = /['’]\p{L}*$/u;

/** The stems of the content words of a text, in lower case. */
export function stemsOf(text: string): Set<string> {
  const words = wordsOf(text.normalize("NFKC")).map((word) => word.replace(POSSESSIVE, ""));
  return new Set(words.filter((word) => CONTENT_WORD.test(word)).map(toStem));
}
