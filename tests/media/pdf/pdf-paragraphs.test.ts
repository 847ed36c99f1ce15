import { expect, test } from "bun:test";
import { toReadingOrder } from "../../../src/media/pdf/pdf-layout";
import { toPageText } from "../../../src/media/pdf/pdf-paragraphs";
import type { PlacedWord } from "../../../src/media/pdf/text-fragments";

const layOut = (words: PlacedWord[]) => toPageText(toReadingOrder(words), 405);

/** Half an em per character, as in many fonts. */
function word(text: string, x: number, y: number, size = 12): PlacedWord {
  return { text, x, y, width: (text.length * size) / 2, size, angle: 0, rightToLeft: false };
}

test("a word hyphenated at the end of a line is made whole", () => {
  const words = [word("the informa-", 40, 100), word("tion of a source", 40, 114)];
  expect(layOut(words).paragraphs).toEqual(["the information\nof a source"]);
});

test("a word that is divided twice, with the soft hyphens of LibreOffice, is made whole", () => {
  const lines = ["die Schiff\u00ad-", "fahrtsge\u00ad-", "sellschaft der", "Donau"];
  const words = lines.map((line, i) => word(line, 40, 100 + i * 14));
  expect(layOut(words).paragraphs).toEqual(["die Schifffahrtsgesellschaft\nder\nDonau"]);
});

test.each([
  ["a well-", "known result", "a well-known\nresult"],
  ["the state-of-", "the-art method", "the state-of-the-art\nmethod"],
  ["read input, output and input-", "output pairs", "read input, output and input-output\npairs"],
  ["a trade-off or a long trade-", "off here", "a trade-off or a long trade-off\nhere"],
  ["an opti-", "mization step", "an optimization\nstep"],
  ["die Wahr-", "scheinlichkeit von X", "die Wahrscheinlichkeit\nvon X"],
  ["the opti\u00ad", "mum.", "the optimum.\n".trim()],
])("a divided word is joined, a compound keeps its hyphen: %s %s", (first, second, expected) => {
  const words = [word(first, 40, 100), word(second, 40, 114)];
  expect(layOut(words).paragraphs).toEqual([expected]);
});

test("a hyphen before a capital or a number stays", () => {
  const words = [word("the Huffman-", 40, 100), word("Code of a source", 40, 114)];
  expect(layOut(words).paragraphs).toEqual(["the Huffman-\nCode of a source"]);
});

test("the largest text is the title, and larger text than most are headings", () => {
  const words = [
    word("Source coding", 40, 50, 28),
    word("Huffman codes", 40, 100, 18),
    word("The code that gives likely symbols the shortest words.", 40, 130),
  ];
  expect(layOut(words)).toMatchObject({
    title: "Source coding",
    headings: ["Source coding", "Huffman codes"],
  });
});

test("a page of plain prose has no title", () => {
  const words = Array.from({ length: 12 }, (_, i) =>
    word("plain words all the way", 40, 60 + i * 14),
  );
  expect(layOut(words)).toMatchObject({ title: null, headings: [] });
});

test("an empty page is empty", () => {
  expect(layOut([])).toEqual({ paragraphs: [], headings: [], title: null });
});
