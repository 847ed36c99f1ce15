import { expect, test } from "bun:test";
import { join } from "node:path";
import { joinFormulas, type Rule } from "../../../src/media/pdf/formulas";
import { readPdf } from "../../../src/media/pdf/pdf";
import type { PlacedWord } from "../../../src/media/pdf/text-fragments";

test("formulas on a slide of LaTeX are written in one line each", async () => {
  await using pdf = await readPdf(
    join(import.meta.dir, "../../fixtures/slides/display-formulas.pdf"),
  );
  const [formulas, table] = await Array.fromAsync(pdf.pages());

  const lines = formulas!.text.split("\n");
  expect(lines).toContain("s^2 = 1/(n − 1) ∑_(i=1)^n (x_i − m)^2");
  expect(lines).toContain("x = (−b ± √(b^2 − 4ac))/(2a)");
  expect(lines).toContain("dy/dx = lim_(h→0) (f (x + h) − f (x))/h ,\t∫_0^∞ e^-x dx = 1");
  expect(table!.text).toBe(
    "No formulas\n\nMethod Time Error\nA\t10\t0.1\nB\t20\t0.2\nAn underlined word\nand the next line too.",
  );
});

/** A word in type of 10 points. */
const word = (text: string, x: number, y: number, width: number, size = 10): PlacedWord => ({
  ...{ text, x, y, width, size },
  angle: 0,
  rightToLeft: false,
});
const RULE: Rule = { left: 40, right: 70, y: 97.5 };
const textsOf = (words: PlacedWord[], rules = [RULE]) =>
  joinFormulas(words, rules, (part) => part.map(({ text }) => text).join("")).map(
    ({ text }) => text,
  );
const over = word("P(AB)", 40, 93, 30);
const under = word("b", 52, 107, 6);

test("a bar between two centred terms is a fraction only beside text on its height", () => {
  expect(textsOf([word("x =", 20, 100, 17), over, under])).toEqual(["x =", "(P(AB))/b"]);
  expect(textsOf([word("cell", 10, 93, 17), over, under])).toEqual(["cell", "P(AB)", "b"]);
  expect(textsOf([word("x =", 20, 100, 17), over, word("b", 42, 107, 6)])).toHaveLength(3);
});

test("a bar that is longer than its terms is a rule of a table", () => {
  const long = { ...RULE, left: 39, right: 120 };
  expect(textsOf([word("x =", 20, 100, 17), over, under], [long])).toHaveLength(3);
});

test("small type below a word is a limit only below an operator", () => {
  const below = word("n", 22, 107, 5, 7);
  expect(textsOf([word("lim", 20, 100, 15), below])).toEqual(["lim_n"]);
  expect(textsOf([word("limes", 20, 100, 15), below])).toEqual(["limes", "n"]);
});
