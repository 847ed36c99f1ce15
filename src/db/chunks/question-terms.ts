import { withoutQuestionPhrases } from "../../text/question-words";
import { type SearchWord, searchWordsOf } from "../../text/search-words";

/** Maximum number of distinct words of a question that are looked up: the longest. */
const MOST_WORDS = 64;

/** A word of a question, as the searched chunks use it. */
export type QuestionTerm = {
  /** As in the question. */
  written: string;
  /** A stop word of a language of the course, of the question, or of English. */
  is_function_word: boolean;
  /** The lexemes of the word in the languages of the course. */
  spellings: string[];
  /** The lexemes of its pairs of characters. */
  pairs: string[];
  /** The searched chunks, and those of them that have the word. */
  chunks: number;
  matches: number;
};

/** One lexeme in one language, with the positions of its spellings, from 1. */
export type LexemeRow = { lexeme: string; spellings: number[]; chunks: number; matches: number };
/** A spelling of the word at a position in the list of words. */
type Spelling = { written: string; word: number; is_pair: boolean };

/** The longest words of a question, without phrases such as "what is". */
export function longestWords(text: string): SearchWord[] {
  const words = searchWordsOf(withoutQuestionPhrases(text));
  const distinct = new Map(words.map((word) => [word.forms.join(" "), word]));
  return [...distinct.values()]
    .toSorted((a, b) => b.forms[0]!.length - a.forms[0]!.length)
    .slice(0, MOST_WORDS);
}

/** The words as written, then their other forms, then their pairs of characters. */
export function toSpellings(words: SearchWord[]): Spelling[] {
  const spellings = words.flatMap(({ forms, pairs }, word) => [
    ...forms.map((written, i) => ({ written, word, is_pair: false, order: Math.min(i, 1) })),
    ...pairs.map((written) => ({ written, word, is_pair: true, order: 2 })),
  ]);
  return spellings.toSorted((a, b) => a.order - b.order);
}

/** The words of a question with their lexemes in the course and how many chunks have them. */
export function toQuestionTerms(
  words: SearchWord[],
  spellings: Spelling[],
  { lexemes, stops }: { lexemes: LexemeRow[]; stops: ReadonlySet<string> },
): QuestionTerm[] {
  return words.map(({ forms }, i) => {
    const written = forms[0]!;
    const own = lexemes.flatMap((row) => {
      const of = row.spellings.map((n) => spellings[n - 1]!).filter(({ word }) => word === i);
      return of.length === 0 ? [] : { ...row, is_pair: of.every(({ is_pair }) => is_pair) };
    });
    const ofKind = (is_pair: boolean) =>
      own.filter((row) => row.is_pair === is_pair).map(({ lexeme }) => lexeme);
    return {
      written,
      is_function_word: stops.has(written),
      spellings: ofKind(false),
      pairs: ofKind(true),
      chunks: Math.max(0, ...lexemes.map(({ chunks }) => chunks)),
      matches: Math.max(0, ...own.map(({ matches }) => matches)),
    };
  });
}
