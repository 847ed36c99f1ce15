import { isQuestionWord, withoutQuestionPhrases } from "./question-words";
import { toStem, wordsOf } from "./words";

/**
 * Two groups of questions become one at this mean similarity. Chosen on one half of a labelled set and measured on
 * the other (docs/decisions/0055).
 */
const LEAST_SIMILARITY = 0.15;

/**
 * Groups questions that are about the same, by average-linkage clustering. The similarity of two questions is the
 * share of the smaller one's words that the other has, each word weighted by how rare it is among the questions.
 *
 * Takes cubic time in the number of questions: 300 take less than a second.
 *
 * @returns positions in the list, the largest group first
 */
export function groupQuestions(questions: readonly string[]): number[][] {
  const similarity = similarities(questions);
  const groups = new Map(questions.map((_, i) => [i, [i]]));
  for (;;) {
    let best = { a: -1, b: -1, similarity: LEAST_SIMILARITY };
    const ids = [...groups.keys()];
    for (const [n, a] of ids.entries()) {
      for (const b of ids.slice(n + 1)) {
        const value = similarity[a]![b]!;
        if (value > best.similarity) best = { a, b, similarity: value };
      }
    }
    const { a, b } = best;
    if (a < 0) break;
    const [ofA, ofB] = [groups.get(a)!, groups.get(b)!];
    for (const other of ids) {
      const sum = similarity[a]![other]! * ofA.length + similarity[b]![other]! * ofB.length;
      similarity[a]![other] = sum / (ofA.length + ofB.length);
      similarity[other]![a] = similarity[a]![other];
    }
    groups.set(a, [...ofA, ...ofB]);
    groups.delete(b);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length || a[0]! - b[0]!);
}

/** The words of a question that have a topic, as written, by their stem. */
export function topicWords(question: string): Map<string, string> {
  const words = wordsOf(withoutQuestionPhrases(question)).filter(
    (word) => !isQuestionWord(word) && /\p{L}/u.test(word),
  );
  return new Map(words.map((word) => [toStem(word), word]));
}

function similarities(questions: readonly string[]): number[][] {
  const stems = questions.map((question) => new Set(topicWords(question).keys()));
  const counts = new Map<string, number>();
  for (const stem of stems.flatMap((some) => [...some])) {
    counts.set(stem, (counts.get(stem) ?? 0) + 1);
  }
  const weightOf = (some: Iterable<string>) =>
    [...some].reduce((sum, stem) => sum + Math.log(1 + questions.length / counts.get(stem)!), 0);
  return stems.map((own) =>
    stems.map((other) => {
      const smaller = Math.min(weightOf(own), weightOf(other));
      return smaller === 0 ? 0 : weightOf(own.intersection(other)) / smaller;
    }),
  );
}
