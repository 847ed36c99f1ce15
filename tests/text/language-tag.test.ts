import { expect, test } from "bun:test";
import { toLanguageTag } from "../../src/text/language-tag";

test.each([
  ["en", "en"],
  ["eng", "en"],
  ["English", "en"],
  ["portuguese", "pt"],
  ["pt-BR", "pt-BR"],
  ["pt_br", "pt-BR"],
  ["deu", "de"],
  ["zho", "zh"],
  ["yue", "yue"],
])("%s is %s", (name, tag) => {
  expect(toLanguageTag(name)).toBe(tag);
});

test.each([null, undefined, "", "klingonese", "!?"])("%p is no language", (name) => {
  expect(toLanguageTag(name)).toBeNull();
});
