import { expect, test } from "bun:test";
import { findText } from "../../../web/components/find-text";

const marked = (text: string, words: string) =>
  findText(text, words)
    .map(({ text: part, isFound }) => (isFound ? `<${part}>` : part))
    .join("");

test.each([
  ["Entropy is entropy.", "entropy", "<Entropy> is <entropy>."],
  ["İstanbul, then Entropy", "entropy", "İstanbul, then <Entropy>"],
  ["ÄHNLICH und ähnlich", "ähnlich", "<ÄHNLICH> und <ähnlich>"],
  ["the rate (in bits) is a+b", "(in bits)", "the rate <(in bits)> is a+b"],
  ["a+b and aab", "a+b", "<a+b> and aab"],
  ["C:\\temp [x]", "\\temp [", "C:<\\temp [>x]"],
  ["الإنتروبيا هي متوسط", "هي", "الإنتروبيا <هي> متوسط"],
  ["nothing here", "entropy", "nothing here"],
  ["nothing typed", "", "nothing typed"],
])("in %j the words %j are found", (text, words, expected) => {
  expect(marked(text, words)).toBe(expected);
});
