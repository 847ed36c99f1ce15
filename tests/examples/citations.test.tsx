import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { renderToStaticMarkup } from "react-dom/server";
import {
  type Citation,
  CitationList,
  CitedText,
  citationsOf,
  linkCitations,
} from "../../examples/react/citations";

const slide: Citation = {
  number: 1,
  title: "Coins",
  quote: "A fair coin has one bit.",
  url: "https://lectern.example/api/documents/d/versions/s/file#page=7",
  page_number: 7,
};
const speech: Citation = {
  number: 2,
  title: "Entropy",
  quote: "Shannon named it.",
  url: "https://uni.example/Viewer.aspx?id=1&start=61",
  start_ms: 61_000,
};
const both = [slide, speech];
const chips = (text: string, citations: Citation[] = both) =>
  renderToStaticMarkup(<CitedText text={text} citations={citations} />);

describe("CitedText", () => {
  test("shows each mark as a chip that opens its source", () => {
    const html = chips("One bit [1]. Named later [1, 2].");
    expect(html.match(/<a /g)).toHaveLength(3);
    expect(html).toContain(`href="${slide.url}"`);
    expect(html).toContain('href="https://uni.example/Viewer.aspx?id=1&amp;start=61"');
    expect(html).toContain("Coins, page 7\nA fair coin has one bit.");
    expect(html).not.toContain("[1");
  });

  test.each([
    ["a range", "As said [1-2].", 2],
    ["marks of other models", "As said 【1†source】 and [^2].", 2],
    ["an unknown number", "As said [7].", 0],
    ["code", "Read `a[1]` and\n```\nx = b[2]\n```", 0],
    ["a Markdown link", "See [1](https://example.com).", 0],
    ["an interval", "In [1-200] it holds.", 0],
  ])("of %s has the right number of chips", (_, text, count) => {
    expect(chips(text).match(/<a /g) ?? []).toHaveLength(count);
  });

  test.each(["javascript:alert(1)", "data:text/html,x", "/relative", null])(
    "makes no link of the address %p",
    (url) => {
      const html = chips("One bit [1].", [{ ...slide, url }]);
      expect(html).not.toContain("<a ");
      expect(html).toContain("<span");
    },
  );

  test("escapes text and quotes", () => {
    const html = chips("<script> [1]", [{ ...slide, quote: '"><script>' }]);
    expect(html).not.toContain("<script>");
  });
});

test("linkCitations makes Markdown links for any renderer", () => {
  expect(linkCitations("One bit [1], and `x[2]`.", both)).toBe(
    `One bit [\\[1\\]](<${slide.url}>), and \`x[2]\`.`,
  );
});

test("CitationList names each source with its page or time", () => {
  const html = renderToStaticMarkup(<CitationList citations={both} />);
  expect(html).toContain(">Coins, page 7</a>");
  expect(html).toContain(">Entropy, 1:01</a>");
});

test("citationsOf reads an AG-UI message, also before its citations arrive", () => {
  expect(citationsOf({ metadata: { citations: both } })).toEqual(both);
  expect(citationsOf({})).toEqual([]);
  expect(citationsOf({ metadata: { message_id: "m" } })).toEqual([]);
});

test("the Next.js example has the same file, because each example is copied alone", async () => {
  const textOf = (path: string) => Bun.file(join(import.meta.dir, "../../examples", path)).text();

  expect(await textOf("nextjs/components/citations.tsx")).toBe(await textOf("react/citations.tsx"));
});
