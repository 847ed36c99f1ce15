import { expect, test } from "bun:test";
import type { Nodes } from "mdast";
import { parseMarkdown } from "../../../web/markdown/parse";
import { splitParagraph } from "../../../web/markdown/split-paragraph";

/** The kinds, addresses and texts of a tree, with neighbouring texts as one. */
const shown = (nodes: Nodes[]): string =>
  nodes
    .map((node) => {
      if (node.type === "text") return node.value;
      const inner = "children" in node ? shown(node.children) : "value" in node ? node.value : "";
      return `<${node.type} ${"url" in node ? node.url : ""}>${inner}</>`;
    })
    .join("");
const shownInParagraph = (text: string) => {
  const [paragraph] = parseMarkdown(text).children;
  return paragraph?.type === "paragraph" ? shown(paragraph.children) : undefined;
};

const PROSE =
  "The entropy of a source is the least number of bits that its messages need, on average. ";

test.each([
  ["prose", "Bits & pieces cost < 5 and > 3 each. ", 8],
  ["marks", "Shannon says so [1], and others [2, 3] do [4-6]. ", 8],
  ["bold, italic and code", "**Note:** the *entropy* of `a_b*c` is **not 0** here. ", 8],
  ["a link", "See [the page](https://example.org/a b) and www.example.org or me@example.org. ", 1],
  ["bold that stays open", "It is **bold and more ", 1],
  ["a code that stays open", "It is `code and more ", 1],
  ["formulas and money", "It costs $5 or $6, and $x$ is \\(y\\). ", 1],
  ["marks of other models", "So it is 【1†the source】 and ［2］. ", 1],
])("a paragraph with %s is the sum of its pieces, also while it grows", (_, words, least) => {
  const text = `${PROSE.repeat(5)}${words}${PROSE.repeat(3)}`.repeat(least).trim();
  const whole = splitParagraph({ text, start: 7 })!;

  expect(whole.length).toBeGreaterThan(least);
  expect(whole.map((piece) => piece.text).join(" ")).toBe(text);
  expect(
    whole.map(({ start, text: part }) => text.slice(start - 7, start - 7 + part.length)),
  ).toEqual(whole.map((piece) => piece.text));
  expect(whole.map((piece) => shownInParagraph(piece.text)).join(" ")).toBe(
    shownInParagraph(text)!,
  );
  for (let length = 301; length < text.length; length += 37) {
    const grown = splitParagraph({ text: text.slice(0, length), start: 7 })!;
    expect(whole.slice(0, grown.length - 1)).toEqual(grown.slice(0, -1));
  }
});

test("short paragraphs, those with several lines, and other blocks are parsed as a whole", () => {
  const prose = PROSE.repeat(8);
  const texts = [
    "Short.",
    `${prose}\n===`,
    `${prose}\nand more`,
    ...["- ", "# ", "1. ", "| ", "> "].map((begin) => begin + prose),
  ];
  expect(texts.map((text) => splitParagraph({ text, start: 0 }))).toEqual(
    texts.map(() => undefined),
  );
});

test("a paragraph whose Markdown never ends is split in time that grows with its length only", () => {
  const text = `A **${"word ".repeat(200_000)}`;
  const { user } = process.cpuUsage();
  expect(splitParagraph({ text, start: 0 })).toHaveLength(1);
  expect(process.cpuUsage().user - user).toBeLessThan(500_000);
});
