import { expect, test } from "bun:test";
import { withoutRepeatedLines } from "../../src/text/repeated-lines";

test("headers, stamps and page numbers of a scan are removed", () => {
  const texts = ["Entropy rises.", "Heat flows.", "Work is done."].map(
    (body, i) => `Physics 101\n${body}\nPage ${i + 1} of 3\nScanned with CamScanner`,
  );

  expect(withoutRepeatedLines(texts)).toEqual(["Entropy rises.", "Heat flows.", "Work is done."]);
});

test("lines on fewer pages stay, and lines inside a page", () => {
  const texts = ["a\nb\nshared\nc\nd", "e\nf\nshared\ng\nh", "i\nj\nshared\nk\nl", "a\nm\nn\no\np"];

  expect(withoutRepeatedLines(texts)).toEqual(texts);
});

test("a page that holds nothing else keeps its text", () => {
  expect(withoutRepeatedLines(["Draft", "Draft", "Draft"])).toEqual(["Draft", "Draft", "Draft"]);
});

test("no pages have no lines", () => {
  expect(withoutRepeatedLines([])).toEqual([]);
});
