import { expect, test } from "bun:test";
import { splitWords, toStem, wordsOf } from "../../src/text/words";

test("a text is split into words without losing a character", () => {
  const text = "Entropy, \u00abmeasured\u00bb: 熵的定义 (1948).";

  expect(splitWords(text).join("")).toBe(text);
  expect(wordsOf(text)).toEqual(["Entropy", "measured", ...wordsOf("熵的定义"), "1948"]);
  expect(wordsOf("熵的定义").length).toBeGreaterThan(1);
});

test("forms of a word have the same stem, different words have not", () => {
  expect(toStem("Probability")).toBe(toStem("probabilities"));
  expect(toStem("entropy")).not.toBe(toStem("enthalpy"));
});
