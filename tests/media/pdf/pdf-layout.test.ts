import { expect, test } from "bun:test";
import { toReadingOrder } from "../../../src/media/pdf/pdf-layout";
import { toPageText } from "../../../src/media/pdf/pdf-paragraphs";
import type { PlacedWord } from "../../../src/media/pdf/text-fragments";

const layOut = (words: PlacedWord[]) => toPageText(toReadingOrder(words), 405);

/** Half an em per character, as in many fonts. */
function word(text: string, x: number, y: number, size = 12): PlacedWord {
  return { text, x, y, width: (text.length * size) / 2, size, angle: 0, rightToLeft: false };
}

test("what is drawn out of order is read from top to bottom", () => {
  const { paragraphs } = layOut([word("last", 40, 300), word("first", 40, 100)]);
  expect(paragraphs).toEqual(["first", "last"]);
});

test("a few words of Arabic stay where they are in a line of English", () => {
  const arabic = { ...word("العربية", 190, 100), rightToLeft: true };
  const words = [word("The word for Arabic is", 40, 100), arabic, word("there", 250, 100)];
  expect(layOut(words).paragraphs).toEqual(["The word for Arabic is العربية there"]);
});

test("a turned label does not come before a short upright title", () => {
  const label = { ...word("Energy in kilojoules per mole", 20, 380), angle: -Math.PI / 2 };
  expect(layOut([label, word("Reaction", 40, 40)]).paragraphs[0]).toBe("Reaction");
});

test("cells of a table stay in their rows, with tabs between them", () => {
  const words = ["Symbol", "Code", "a", "0", "b", "10", "c", "11"].map((text, i) =>
    word(text, 40 + (i % 2) * 200, 100 + Math.floor(i / 2) * 16),
  );
  expect(layOut(words).paragraphs).toEqual(["Symbol\tCode\na\t0\nb\t10\nc\t11"]);
});

test("a table of 20 000 cells is read as well, row by row", () => {
  const words = Array.from({ length: 20_000 }, (_, i) =>
    word(`${i % 100}`, 10 + (i % 100) * 40, 10 + Math.floor(i / 100) * 16),
  );
  const [table] = layOut(words).paragraphs;
  expect(table?.split("\n")).toEqual(Array(200).fill([...Array(100).keys()].join("\t")));
});

test("a footer below two columns is read after both", () => {
  const prose = "some words of a paragraph";
  const words = [0, 1, 2, 3].flatMap((i) => [
    word(`${prose} left ${i}`, 40, 100 + i * 14),
    word(`${prose} right ${i}`, 400, 100 + i * 14),
  ]);
  const { paragraphs } = layOut([word("7", 680, 390), ...words]);
  expect(paragraphs.map((paragraph) => paragraph.split(" ").slice(-2).join(" "))).toEqual([
    "left 3",
    "right 3",
    "7",
  ]);
});

test("indices stay with their letters", () => {
  const words = [word("H = p", 40, 100), word("i", 71, 103, 8), word("log p", 80, 100)];
  expect(layOut(words).paragraphs).toEqual(["H = p_i log p"]);
});

test("text drawn twice to look bold is read once", () => {
  const words = [word("Entropy", 40, 100), word("Entropy", 40.4, 100)];
  expect(layOut(words).paragraphs).toEqual(["Entropy"]);
});

test("text across the page at an angle is read last, and is no title", () => {
  const watermark = { ...word("Only for the students of 2025", 100, 300, 60), angle: -Math.PI / 4 };
  const page = layOut([watermark, word("Sets", 40, 60, 28), word("A set has elements.", 40, 200)]);
  expect(page.title).toBe("Sets");
  expect(page.paragraphs.at(-1)).toBe("Only for the students of 2025");
});

test("text that runs up the margin is read after the page", () => {
  const margin = { ...word("draft", 20, 300), angle: -Math.PI / 2 };
  const { paragraphs } = layOut([margin, word("The page itself", 40, 100)]);
  expect(paragraphs).toEqual(["The page itself", "draft"]);
});

test.each([
  [
    "an exponent drawn higher",
    [word("about 10", 40, 100, 16), word("13", 104, 93, 10), word("cells", 120, 100, 16)],
    "about 10^13 cells",
  ],
  [
    "an exponent after a gap",
    [word("at 3 x 10", 40, 100, 16), word("8", 124, 93, 10), word("m/s", 135, 100, 16)],
    "at 3 x 10^8 m/s",
  ],
  [
    "a negative exponent",
    [word("as r", 40, 100, 16), word("-2", 72, 93, 10), word("with", 88, 100, 16)],
    "as r^-2 with",
  ],
  [
    "an index and an exponent",
    [
      word("x", 40, 100, 16),
      word("i", 48, 104, 10),
      word("2", 48, 93, 10),
      word("+ 1", 60, 100, 16),
    ],
    "x_i^2 + 1",
  ],
  [
    "an ordinal",
    [word("the 1", 40, 100, 16), word("st", 80, 94, 10), word("law", 96, 100, 16)],
    "the 1st law",
  ],
  [
    "an isotope",
    [word("and", 40, 100, 16), word("14", 68.5, 93, 10), word("C dates", 78.5, 100, 16)],
    "and ^14C dates",
  ],
  [
    "exponents drawn after the line",
    [word("about 10", 40, 100, 16), word("cells", 124, 100, 16), word("13", 104, 93, 10)],
    "about 10^13 cells",
  ],
])("%s keeps its meaning", (_, words, expected) => {
  expect(layOut(words).paragraphs).toEqual([expected]);
});

test("a shadow of a title is read once, however its words are cut", () => {
  const words = [
    word("Entropy and codes", 40, 100, 24),
    word("Entropy", 42, 102, 24),
    word("and", 136, 102, 24),
    word("codes", 184, 102, 24),
  ];
  expect(layOut(words).paragraphs).toEqual(["Entropy and codes"]);
});

test("equal words beside or below each other stay", () => {
  const words = [word("no no", 40, 100), word("no", 76, 100), word("no", 40, 116)];
  expect(layOut(words).paragraphs).toEqual(["no no no\nno"]);
});

test("letters drawn one by one with wide gaps are words", () => {
  const letters = (text: string, x: number) =>
    [...text].map((letter, i) => ({ ...word(letter, x + i * 18, 50, 20), width: 10 }));
  const words = [...letters("DEEP", 40), ...letters("LEARNING", 122)];
  expect(layOut(words).paragraphs).toEqual(["DEEP LEARNING"]);
});

test("a list of variables is no spaced word", () => {
  const words = ["a", "b", "c", "d"].map((text, i) => word(text, 40 + i * 16, 50, 20));
  expect(layOut(words).paragraphs).toEqual(["a b c d"]);
});

test("two lists of short bullets are read one after the other", () => {
  const left = ["Pros", "• cheap", "• fast", "• small"];
  const right = ["Cons", "• noisy", "• fragile", "• hot"];
  const words = [0, 1, 2, 3].flatMap((i) => [
    word(left[i]!, 40, 100 + i * 20),
    word(right[i]!, 400, 100 + i * 20),
  ]);
  expect(layOut(words).paragraphs.join("\n").split(/\n+/)).toEqual([...left, ...right]);
});

test("a table of long cells stays in its rows", () => {
  const rows = [
    ["Name of the method", "What it is used for"],
    ["Gradient descent", "Minimising smooth losses"],
    ["Simulated annealing", "Escaping local minima"],
    ["Bayesian optimisation", "Expensive experiments"],
  ];
  const words = rows.flatMap(([left, right], i) => [
    word(left!, 40, 100 + i * 20),
    word(right!, 300, 100 + i * 20),
  ]);
  expect(layOut(words).paragraphs.join("\n").split(/\n+/)).toEqual(
    rows.map((row) => row.join("\t")),
  );
});

/** Lines of columns that begin at these places, drawn column by column. */
const inColumns = (lefts: number[], columns: string[][]) =>
  columns.flatMap((lines, i) => lines.map((text, row) => word(text, lefts[i]!, 100 + row * 16)));

test("three columns of prose are read one after the other", () => {
  const columns = [
    ["Electrons pass along", "the chain of enzymes", "and drive the protons"],
    ["out of the organelle.", "The synthase uses the", "protons that return,"],
    ["and newborn mammals", "use the heat of the", "brown fat in winter."],
  ];
  const { paragraphs } = layOut(inColumns([40, 184, 328], columns));
  expect(paragraphs.join("\n").replace(/\n+/g, "\n").split("\n")).toEqual(columns.flat());
});

test("columns of an article are read one after the other, with a gutter of less than the type size", () => {
  const columns = [
    ["The flux of oxygen is", "proportional to the differ-", "ence of concentrations"],
    ["that agrees with all of", "the measured values, and", "with the theory of them"],
  ];
  const { paragraphs } = layOut(inColumns([40, 212], columns));
  expect(paragraphs[0]).toContain(
    "The flux of oxygen is\nproportional to the difference\nof concentrations",
  );
});

test("columns of Chinese prose are read one after the other", () => {
  const words = [0, 1, 2].flatMap((i) => [
    word(`左边的文字在这里开始并且继续下去${i}`, 40, 100 + i * 16),
    word(`右边的文字在后面才能被读到为止${i}`, 400, 100 + i * 16),
  ]);
  const text = layOut(words).paragraphs.join("");
  expect(text.lastIndexOf("左")).toBeLessThan(text.indexOf("右"));
});
