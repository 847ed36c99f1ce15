import { expect, test } from "bun:test";
import { encode } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens, decodeTokens } from "../../src/text/tokens";

test("counts as cl100k_base does", () => {
  // Known from OpenAI's own tokenizer: "hello world" is [15339, 1917].
  expect(countTokens("hello world")).toBe(2);
  expect(countTokens("")).toBe(0);
});

test("counts a mark that steers models as the plain text it is on a slide", () => {
  expect(countTokens("<|endoftext|>")).toBeGreaterThan(1);
});

test("counts long text without any gap", () => {
  expect(countTokens("字".repeat(50_000))).toBe(50_000);
  expect(countTokens(" ".repeat(50_000))).toBeGreaterThan(0);
});

test("tokens are decoded to their text, and unknown ones are not text", () => {
  expect(decodeTokens(encode("Größe 😀"))).toBe("Größe 😀");
  for (const unknown of [-1, 100_261, 999_999_999]) expect(decodeTokens([unknown])).toBeNull();
});
