import { expect, test } from "bun:test";
import { suggestQuestions } from "../../../src/chat/agent/suggest-questions";
import type { Citation } from "../../../src/retrieval/passage";

const passage = (quote: string, more: Partial<Citation> = {}): Citation => ({
  number: 1,
  chunk_id: "c",
  source: "slides",
  asset_id: "a",
  title: "Deck",
  quote,
  url: null,
  ...more,
});

const DECK = [
  passage("Huffman Coding\nMerge the two least probable symbols.\nThe code is prefix-free."),
  passage("Arithmetic Coding\nA message is an interval.", { number: 2 }),
  passage("So the Kraft inequality bounds the lengths.", { number: 3, source: "lectures" }),
];

test("suggests at most three different terms, in the language of the question", () => {
  const english = suggestQuestions(["How do I store a text in fewer bits?"], DECK);
  const german = suggestQuestions(
    ["Wie speichere ich einen Text mit weniger Bits, und warum?"],
    DECK,
  );

  expect(english).toHaveLength(3);
  expect(new Set(english).size).toBe(3);
  for (const question of english) expect(question).toStartWith("What does the course say about “");
  for (const question of german) expect(question).toStartWith("Was sagt der Kurs zu „");
});

test("suggests nothing that the user asked about", () => {
  const questions = suggestQuestions(
    ["What is Huffman coding?", "And the Kraft inequality?"],
    DECK,
  );

  expect(questions.join()).not.toMatch(/huffman|kraft|inequality/i);
});

test("suggests nothing without visible passages", () => {
  expect(suggestQuestions(["Coins?"], [])).toEqual([]);
  expect(suggestQuestions(["Coins?"], [passage("Huffman Coding", { withheld: true })])).toEqual([]);
});

test("takes a few milliseconds for long passages", () => {
  const long = Array.from({ length: 40 }, (_, n) =>
    passage(`Theorem ${n}\n${"eigenvalue decomposition of symmetric matrices ".repeat(200)}`),
  );
  suggestQuestions(["Why?"], long);
  const before = process.cpuUsage();
  suggestQuestions(["Why?"], long);

  expect(process.cpuUsage(before).user).toBeLessThan(200_000);
});
