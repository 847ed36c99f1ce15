import { expect, test } from "bun:test";
import { toReadingOrder, type Word } from "../../../src/media/pdf/pdf-layout";
import { toPageText } from "../../../src/media/pdf/pdf-paragraphs";

const layOut = (words: Word[]) => toPageText(toReadingOrder(words), 405);

/** Half an em per character, as in many fonts. */
function word(text: string, x: number, y: number, size = 12): Word {
  return { text, x, y, width: (text.length * size) / 2, size, angle: 0, rightToLeft: false };
}

test("what is drawn out of order is read from top to bottom", () => {
  const { paragraphs } = layOut([word("last", 40, 300), word("first", 40, 100)]);
  expect(paragraphs).toEqual(["first", "last"]);
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
  expect(layOut(words).paragraphs).toEqual(["H = pi log p"]);
});

test("text drawn twice to look bold is read once", () => {
  const words = [word("Entropy", 40, 100), word("Entropy", 40.4, 100)];
  expect(layOut(words).paragraphs).toEqual(["Entropy"]);
});

test("text that runs up the margin is read after the page", () => {
  const margin = { ...word("draft", 20, 300), angle: -Math.PI / 2 };
  const { paragraphs } = layOut([margin, word("The page itself", 40, 100)]);
  expect(paragraphs).toEqual(["The page itself", "draft"]);
});
