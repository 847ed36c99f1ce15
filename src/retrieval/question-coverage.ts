import type { QuestionTerm } from "../db/chunks/question-terms";
import { isQuestionWord } from "../text/question-words";

/**
 * Below this share of a question's words the course does not cover the question. Measured with
 * `./lectern eval --refusal` (docs/decisions/0041).
 */
export const LEAST_COVERAGE = 0.45;

/** Passages of which the best decides. */
const COMPARED = 8;
/** Of a word's pairs of characters, when its spellings occur nowhere. */
const LEAST_PAIRS = 0.5;

/**
 * The share of a question's words that the best of the first passages has, each word weighted by its
 * inverse document frequency, 0 to 1. A word that the course never uses has the highest weight.
 *
 * Null when the question has no words besides function words and question words.
 *
 * @param terms     the words of the question as the course uses them
 * @param passages  the lexemes of each passage, best first
 */
export function questionCoverage(
  terms: readonly QuestionTerm[],
  passages: readonly ReadonlySet<string>[],
): number | null {
  const words = terms
    .filter((term) => !term.is_function_word && !asks(term))
    .map((term) => ({ ...term, weight: weightOf(term) }));
  const total = sum(words.map(({ weight }) => weight));
  if (total === 0) return null;
  const shares = passages
    .slice(0, COMPARED)
    .map((lexemes) => sum(words.flatMap((word) => (occursIn(word, lexemes) ? word.weight : []))));
  return Math.max(0, ...shares) / total;
}

const asks = ({ written, spellings }: QuestionTerm) => [written, ...spellings].some(isQuestionWord);

const weightOf = ({ chunks, matches }: QuestionTerm) =>
  Math.log(1 + (chunks - matches + 0.5) / (matches + 0.5));

function occursIn({ spellings, pairs }: QuestionTerm, lexemes: ReadonlySet<string>): boolean {
  if (spellings.some((lexeme) => lexemes.has(lexeme))) return true;
  const found = pairs.filter((lexeme) => lexemes.has(lexeme)).length;
  return found > 0 && found >= pairs.length * LEAST_PAIRS;
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
