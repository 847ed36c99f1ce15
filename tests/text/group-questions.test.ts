import { expect, test } from "bun:test";
import { groupQuestions, topicWords } from "../../src/text/group-questions";
import labelled from "../fixtures/question-groups/questions.json";
import { bCubed } from "../support/b-cubed";

const itemsOf = (half: Record<string, string[]>) =>
  Object.entries(half).flatMap(([label, questions]) =>
    questions.map((question) => ({ label, question })),
  );

test.each(["tuning", "held_out"] as const)("groups the labelled questions: %s", (half) => {
  const items = itemsOf(labelled[half]);
  const groups = groupQuestions(items.map(({ question }) => question));

  expect(groups.flat().sort((a, b) => a - b)).toEqual([...items.keys()]);
  const { precision, recall } = bCubed(
    items.map(({ label }) => label),
    groups,
  );
  expect(precision).toBeGreaterThan(0.95);
  expect(recall).toBeGreaterThan(0.9);
});

test("keeps questions without a common word apart, and questions of function words too", () => {
  expect(
    groupQuestions(["What is entropy?", "Who is Shannon?", "What is it?", "Why?"]),
  ).toHaveLength(4);
  expect(groupQuestions([])).toEqual([]);
});

test("finds the words with a topic, without numbers", () => {
  expect([...topicWords("What is the entropy of slide 12?").values()]).toEqual(["entropy"]);
});
