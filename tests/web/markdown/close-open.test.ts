import { expect, test } from "bun:test";
import { closeOpen } from "../../../web/markdown/close-open";

test.each([
  ["2. **Weigh", "2. **Weigh**"],
  ["2. **Weigh the ", "2. **Weigh the**"],
  ["**Weigh*", "**Weigh**"],
  ["**one** and **two", "**one** and **two**"],
  ["a line\n**and bold", "a line\n**and bold**"],
  ["call `entropy(p", "call `entropy(p`"],
  ["`a` and `b", "`a` and `b`"],
  ["2. **", "2. "],
  ["a `", "a "],
])("%j is shown as %j while it grows", (text, shown) => {
  expect(closeOpen(text)).toBe(shown);
});

test.each([
  "",
  "Plain text",
  "**bold** and `code`",
  "**bold** at the end of a line,\nand more",
  "2 ** 3 is 8",
  "- a\n* b",
  "```python\nx = a**b",
  "```python\nx = '`",
  "1. a\n   ```\n   **kwargs",
])("%j stays as it is", (text) => {
  expect(closeOpen(text)).toBe(text);
});

test("a closed text keeps its beginning, so that marks keep their position", () => {
  const text = "**Entropy** is `H` [1], and **bits are [2] more `x* [3]";
  for (let length = 0; length <= text.length; length++) {
    const grown = text.slice(0, length);
    const shown = closeOpen(grown);
    const common = Math.min(shown.length, grown.trimEnd().length);
    expect(shown.slice(0, common)).toBe(grown.slice(0, common));
  }
});
