import { expect, test } from "bun:test";
import { ReasoningTags } from "../../../src/chat/agent/reasoning-tags";

function divide(pieces: string[]) {
  const tags = new ReasoningTags();
  const parts = [...pieces.map((piece) => tags.push(piece)), tags.end()];
  return [parts.map(({ reasoning }) => reasoning).join(""), parts.map(({ text }) => text).join("")];
}

test.each([
  ["<think>a < b</think>\n\nOne bit.", "a < b", "One bit."],
  ["\n<THINKING>\na</thinking>One <b>bit</b>.", "\na", "One <b>bit</b>."],
  ["<think></think>One bit.", "", "One bit."],
  ["<think>never closed </thin", "never closed </thin", ""],
  ["One bit <think>is text</think>.", "", "One bit <think>is text</think>."],
  ["<think>İki İ < 3 </p></think>Bir bit.", "İki İ < 3 </p>", "Bir bit."],
  ["<thinker>", "", "<thinker>"],
  ["<", "", "<"],
  ["  One", "", "  One"],
])("%p is divided in the same way at every place", (output, reasoning, text) => {
  for (let at = 0; at <= output.length; at++) {
    expect(divide([output.slice(0, at), output.slice(at)])).toEqual([reasoning, text]);
  }
  expect(divide([...output])).toEqual([reasoning, text]);
});
