import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countTokens as countWithLibrary } from "gpt-tokenizer/encoding/cl100k_base";
import { openBytePairEncoding } from "../../src/text/byte-pair-encoding";
import { countTokens } from "../../src/text/tokens";

/** A vocabulary in OpenAI's format, with the tokens in the order of their ranks. */
async function writeVocabulary(...tokens: string[]): Promise<string> {
  const file = join(tmpdir(), `vocabulary-${crypto.randomUUID()}.tiktoken`);
  const lines = tokens.map((token, rank) => `${Buffer.from(token).toString("base64")} ${rank}\n`);
  await Bun.write(file, lines.join(""));
  return file;
}

test("merges the pair of the lowest rank first", async () => {
  const file = await writeVocabulary("a", "b", "c", "bc", "ab", "abc");
  const { count } = openBytePairEncoding(file, /\S+/g);
  expect(count("abc")).toBe(1); // a token
  expect(count("abcc")).toBe(2); // bc before ab, then abc: [abc, c]
  expect(count("abab")).toBe(2);
  expect(count("cab bc")).toBe(3); // no token crosses a border
  await Bun.file(file).delete();
});

test("reads a vocabulary with empty lines and without a line end", async () => {
  const file = await writeVocabulary("a", "b");
  await Bun.write(file, `\n${await Bun.file(file).text()}\nYWI= 2`);
  const { count, bytesOf } = openBytePairEncoding(file, /\S+/g);
  expect(count("abba")).toBe(3);
  expect(Buffer.from(bytesOf(2)!).toString()).toBe("ab");
  for (const unknown of [-1, 3, 0.5, Number.NaN]) expect(bytesOf(unknown)).toBeUndefined();
  await Bun.file(file).delete();
});

test("a missing vocabulary is an error with its path", () => {
  expect(() => openBytePairEncoding("/nowhere.tiktoken", /./g)).toThrow("/nowhere.tiktoken");
});

test.each([
  "We don't know what THEY'LL say in 2026: 1,234,567.89 €.",
  "Die Größe der Übertragungskapazität ist $C = B \\log_2(1 + S/N)$.",
  "情報理論は、情報・通信を数学的に論じる。 정보 이론 теория информации نظرية المعلومات",
  "👩‍👩‍👧‍👦🏽🇩🇪 n\u0303 \ud83d lone",
  "  \r\n\r\n\t\tif (x) {\n    return x\u00a0* 2;\n  }\n\n\n   ",
  "pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism",
  "=======================>>>>>>>>>>>>>>><<<<<<<--------------____",
])("counts %j like the library", (text) => {
  expect(countTokens(text)).toBe(countWithLibrary(text));
});
