import { isQuestionWord, withoutQuestionPhrases } from "../../text/question-words";
import { type SearchWord, searchWordsOf } from "../../text/search-words";
import { toStem, wordsOf } from "../../text/words";

/** The words of a text without function words and words of every lecture, as written, each once. */
export function informativeWords(text: string): string[] {
  const words = wordsOf(withoutQuestionPhrases(text));
  return [...new Set(words.filter((word) => !isQuestionWord(word)))];
}

/** A question's informative words, each as the stems of its spellings. */
export type WantedWords = Set<string>[];

export function toWanted(question: string): WantedWords {
  const words = searchWordsOf(withoutQuestionPhrases(question));
  const informative = words.filter(({ forms }) => !forms.some(isQuestionWord));
  const wanted = new Map(
    informative.map((word) => [word.forms[0]!.toLowerCase(), stemsOf([word])]),
  );
  return [...wanted.values()];
}

/** The stems of all spellings of a text's words. */
export const toStems = (text: string): Set<string> => stemsOf(searchWordsOf(text));

const stemsOf = (words: SearchWord[]): Set<string> =>
  new Set(words.flatMap(({ forms, pairs }) => [...forms, ...pairs].map(toStem)));

/** The share of the wanted words that a text with these stems has, from 0 to 1. */
export function coverage(wanted: WantedWords, stems: ReadonlySet<string>): number {
  const found = wanted.filter((word) => !word.isDisjointFrom(stems)).length;
  return wanted.length === 0 ? 0 : found / wanted.length;
}
