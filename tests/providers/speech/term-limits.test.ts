import { describe, expect, test } from "bun:test";
import { toKeyterms, toPromptTerms } from "../../../src/providers/speech/term-limits";
import { countTokens } from "../../../src/text/tokens";

describe("toKeyterms", () => {
  test("keeps the first 100 terms that ElevenLabs accepts, each once", () => {
    const many = Array.from({ length: 300 }, (_, i) => `term${i}`);
    expect(toKeyterms(many)).toEqual(many.slice(0, 100));
    expect(toKeyterms(["Bayes", "bayes", " Bayes "])).toEqual(["Bayes"]);
  });

  test("skips terms of 50 characters or six words, and removes refused characters", () => {
    const long = ["x".repeat(50), "a b c d e f", "a-b-c-d-e-f", "[]"];
    expect(toKeyterms([...long, "x".repeat(49), "set {a}"])).toEqual(["x".repeat(49), "set a"]);
  });
});

test("a prompt has the first terms that Whisper reads", () => {
  const many = Array.from({ length: 300 }, (_, i) => `eigenvalue${i}`);
  const fitting = toPromptTerms(many);
  expect(fitting).toEqual(many.slice(0, fitting.length));
  expect(fitting.length).toBeGreaterThan(20);
  expect(countTokens(fitting.join(", "))).toBeLessThan(200);
});
