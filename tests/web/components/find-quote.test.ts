import { expect, test } from "bun:test";
import { findQuote } from "../../../web/components/find-quote";

const words = "Entropy is the average sur- prise of a source . Noise adds errors"
  .split(" ")
  .map((text, index) => ({ text, index }));
const found = (quote: string) => findQuote(words, quote).map(({ index }) => index);

test.each([
  ["Entropy is the average", [0, 1, 2, 3]],
  ["average\nsurprise of a source.", [3, 4, 5, 6, 7, 8]],
  ["Noise adds errors\nEntropy is", [0, 1, 10, 11, 12]],
  ["a drawing of a coin", []],
  ["", []],
  ["…", []],
])("finds the words of %j", (quote, expected) => {
  expect(found(quote)).toEqual(expected);
});
