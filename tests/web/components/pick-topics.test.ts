import { expect, test } from "bun:test";
import { pickTopics } from "../../../web/components/pick-topics";

test("topics are titles of several words, spread over the deck, without the cover and repetitions", () => {
  const titles = [
    "Introduction to Information Theory",
    "Overview",
    "",
    "Information is surprise",
    "Information is surprise",
    "What is entropy, and how is it measured?",
    "Introduction to Information Theory",
    "Channel capacity",
    "x".repeat(80),
    "2 / 13",
    "Redundancy that corrects errors",
  ];
  expect(pickTopics(titles, 2)).toEqual([
    "What is entropy, and how is it measured?",
    "Redundancy that corrects errors",
  ]);
  expect(pickTopics(titles, 9)).toHaveLength(4);
  expect(pickTopics([], 2)).toEqual([]);
});
