import { expect, test } from "bun:test";
import { joinFractions } from "../../../src/media/pdf/fractions";
import type { PlacedWord } from "../../../src/media/pdf/text-fragments";

/** A word in type of 8 points beside a line of 11 points whose baseline is at 100. */
function small(text: string, x: number, y: number, width: number): PlacedWord {
  return { text, x, y, width, size: 8, angle: 0, rightToLeft: false };
}
const line = (text: string, x: number, width: number): PlacedWord => ({
  ...small(text, x, 100, width),
  size: 11,
});
const textsOf = (...words: PlacedWord[]) =>
  joinFractions([line("is", 20, 10), ...words, line("today", 60, 30)]).map(({ text }) => text);

test("a small fraction is written with a slash", () => {
  expect(textsOf(small("22", 40, 95.7, 8.5), small("7", 42.1, 103.7, 4.2))).toEqual([
    "is",
    "22/7",
    "today",
  ]);
});

test("terms in a fraction are in parentheses", () => {
  const numerator = [small("a", 40, 95.7, 4), small("+", 44, 95.7, 7), small("b", 51, 95.7, 4)];
  const end = small("", 45.4, 103.7, 0);
  expect(textsOf(...numerator, end, small("2", 45.4, 103.7, 4.2))[1]).toBe("(a+b)/2");
});

test("an exponent and an index of one letter are no fraction", () => {
  const words = [small("2", 40, 96, 4.2), small("i", 40, 102.8, 2.8)];
  expect(textsOf(...words)).toEqual(["is", "2", "i", "today"]);
});

test("numbers above each other away from the line are no fraction", () => {
  const words = [small("22", 40, 85, 8.5), small("7", 42.1, 115, 4.2)];
  expect(textsOf(...words)).toEqual(["is", "22", "7", "today"]);
});
