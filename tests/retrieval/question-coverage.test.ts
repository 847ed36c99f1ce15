import { describe, expect, test } from "bun:test";
import type { QuestionTerm } from "../../src/db/chunks/question-terms";
import { LEAST_COVERAGE, questionCoverage } from "../../src/retrieval/question-coverage";

/** A word that `matches` of 100 chunks have. */
const term = (
  written: string,
  matches: number,
  more: Partial<QuestionTerm> = {},
): QuestionTerm => ({
  written,
  is_function_word: false,
  spellings: [written],
  pairs: [],
  chunks: 100,
  matches,
  ...more,
});
const passage = (...lexemes: string[]) => new Set(lexemes);

describe("the coverage of a question", () => {
  test("is 1 when one passage has all its words, and 0 when none has any", () => {
    const terms = [term("entropy", 3), term("coin", 5)];

    expect(questionCoverage(terms, [passage("dice"), passage("coin", "entropy")])).toBe(1);
    expect(questionCoverage(terms, [passage("dice")])).toBe(0);
    expect(questionCoverage(terms, [])).toBe(0);
  });

  test("counts a word that the course never uses most", () => {
    const asked = [term("krebs", 0, { spellings: ["krebs"] }), term("cycle", 20)];

    expect(questionCoverage(asked, [passage("cycle")])).toBeLessThan(LEAST_COVERAGE);
    expect(
      questionCoverage([term("entropy", 3), term("course", 90)], [passage("entropy")]),
    ).toBeGreaterThan(0.9);
  });

  test("leaves out function words and question words, and is null when nothing else is asked", () => {
    const asks = [term("der", 0, { is_function_word: true }), term("Explain", 0), term("was", 0)];

    expect(questionCoverage(asks, [passage("entropy")])).toBeNull();
    expect(questionCoverage([...asks, term("entropy", 2)], [passage("entropy")])).toBe(1);
  });

  test("finds a word by half of its pairs of characters", () => {
    const word = term("信息熵", 2, { pairs: ["信息", "息熵"] });

    expect(questionCoverage([word], [passage("信息")])).toBe(1);
    expect(
      questionCoverage([{ ...word, pairs: ["信息", "息熵", "熵定"] }], [passage("信息")]),
    ).toBe(0);
  });

  test("is decided by the first eight passages", () => {
    const others = Array.from({ length: 8 }, () => passage("dice"));

    expect(questionCoverage([term("coin", 1)], [...others, passage("coin")])).toBe(0);
  });
});
