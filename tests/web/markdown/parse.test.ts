import { expect, test } from "bun:test";
import { isTooDeep, parseMarkdown, restoreDollars } from "../../../web/markdown/parse";
import { splitBlocks } from "../../../web/markdown/split-blocks";

const types = (text: string) =>
  parseMarkdown(text).children.flatMap((node) =>
    "children" in node ? node.children.map(({ type }) => type) : [node.type],
  );

test.each([
  ["$H(X)$", "inlineMath"],
  ["\\(H(X)\\)", "inlineMath"],
  ["\\[H(X)\\]", "inlineMath"],
  ["$$\nH(X)\n$$", "math"],
])("reads %j as a formula", (text, type) => {
  expect(types(text)).toEqual([type as never]);
});

test.each(["It costs $5 and $10", "Prices in $: 5 $ or 6 $", "`$x$` and `\\(y\\)`"])(
  "leaves %j without formulas, with every sign in its place",
  (text) => {
    const tree = parseMarkdown(text);
    expect(types(text)).not.toContain("inlineMath");
    expect(restoreDollars(JSON.stringify(tree))).toContain("$");
    expect(tree.position?.end.offset).toBe(text.length);
  },
);

test("a text is the sum of its blocks, and only the last block changes while it grows by lines", () => {
  const text =
    "One [1].\n\n- a\n\n- b\n\n```\ncode\n\nmore\n```\n\nTwo.\n\n$$\nx\n\ny\n$$\n\n| a |\n| - |\n| b |\n\n$$z$$\n\nEnd";
  const whole = splitBlocks(text);

  expect(whole.map((block) => block.text).join("")).toBe(text);
  expect(whole.map(({ start, text: part }) => text.slice(start, start + part.length))).toEqual(
    whole.map((block) => block.text),
  );
  expect(whole.filter((block) => block.text.includes("code"))[0]?.text).toContain("more\n```");
  for (let length = text.indexOf("\n"); length > 0; length = text.indexOf("\n", length + 1)) {
    const grown = splitBlocks(text.slice(0, length));
    expect(whole.slice(0, grown.length - 1)).toEqual(grown.slice(0, -1));
  }
});

test("quotes and lists of a hundred levels are not parsed, and rules and tables are", () => {
  expect(
    [">".repeat(5_000), "- ".repeat(200), `a\n\n${"1. > ".repeat(50)}x`].map(isTooDeep),
  ).toEqual([true, true, true]);
  expect(["-".repeat(500), `|${"-|".repeat(200)}`, "> > a\n".repeat(200)].map(isTooDeep)).toEqual([
    false,
    false,
    false,
  ]);
});
