import { expect, test } from "bun:test";
import type { ExamPassage } from "../../src/db/exam-questions";
import { checkDraft } from "../../src/evaluation/check-draft";

const asset_id = crypto.randomUUID();
const TEXT =
  "Channel capacity\nThe capacity of a noisy channel is the largest rate at which data can be sent with\nan error as small as we want.";
const slide: ExamPassage = { text: TEXT, place: { asset_id, pages: [3] } };
const good = {
  passage: 1,
  question: "At which rate can a noisy channel transmit data?",
  quote: "largest rate at which data can be sent with an error",
};
const check = (draft: Partial<typeof good>) => checkDraft({ ...good, ...draft }, [slide], null);

test("a question that its passage answers gets the quoted words as the passage has them", () => {
  expect(checkDraft(good, [slide], null)).toEqual({
    question: good.question,
    term: "largest rate at which data can be sent with\nan error",
    place: { asset_id, pages: [3] },
  });
});

test.each([
  ["unknown_passage", { passage: 2 }],
  ["unknown_passage", { passage: 0 }],
  ["not_a_question", { question: "Explain the capacity of a noisy channel." }],
  ["not_a_question", { question: "Rate?" }],
  ["not_a_question", { question: `Which ${"noisy ".repeat(40)}channel?` }],
  ["not_a_question", { question: "Is <b>capacity</b> the rate of a noisy channel?" }],
  ["not_a_question", { question: "What is the channel capacity\nand the rate?" }],
  ["not_a_question", { question: "What is the noisy channel at https://evil.example?" }],
  ["not_a_question", { question: "What is the capa\u200bcity of a noisy channel?" }],
  ["points_at_passage", { question: "Which rate of a channel does this slide show?" }],
  ["points_at_passage", { question: "Was sagt dieser Abschnitt zur channel capacity?" }],
  ["copied", { question: "Which is the largest rate at which data can be sent with an error?" }],
  ["copied", { question: "The capacity of a noisy channel?" }],
  [
    "other_language",
    {
      question:
        "Mit welcher Rate kann man Daten über einen noisy channel senden und warum ist das so?",
    },
  ],
  ["quote_not_found", { quote: "the smallest rate at which data can be sent" }],
  ["quote_not_found", { quote: "" }],
  ["quote_not_found", { quote: "of" }],
  ["quote_not_found", { quote: "(a+)+$ [" }],
  ["quote_not_found", { quote: TEXT.repeat(30) }],
  ["not_answered_by_passage", { question: "How do penguins raise their young in Antarctica?" }],
  ["not_answered_by_passage", { question: "What is it, and why is it so?" }],
])("%s: %o", (problem, draft) => {
  expect(check(draft)).toBe(problem as never);
});

const speech: ExamPassage = {
  text: "So entropy measures the mean surprise of a source. A fair coin has one bit.",
  place: { asset_id, start_ms: 10_000, end_ms: 40_000 },
};
const segments = [
  { start_ms: 0, end_ms: 9_000, text: "one bit" },
  { start_ms: 10_000, end_ms: 18_000, text: "So entropy measures the mean" },
  { start_ms: 18_000, end_ms: 25_000, text: "surprise of a source." },
  { start_ms: 25_000, end_ms: 31_000, text: "A fair coin has one bit." },
];
const spoken = {
  passage: 1,
  question: "What does the entropy of a source measure?",
  quote: "mean surprise",
};

test("words of a lecture get the time of the segments in which they are spoken", () => {
  const place = (quote: string) => {
    const checked = checkDraft({ ...spoken, quote }, [speech], segments);
    return typeof checked === "string" ? checked : checked.place;
  };

  expect(place("mean surprise")).toEqual({ asset_id, start_ms: 10_000, end_ms: 25_000 });
  expect(place("has one bit")).toEqual({ asset_id, start_ms: 25_000, end_ms: 31_000 });
});

test("words that the transcript has no more are not a place", () => {
  expect(checkDraft(spoken, [speech], segments.slice(3))).toBe("quote_not_found");
});

test("a question in a language without spaces is checked in the same way", () => {
  const passage = {
    text: "熵是信息源平均不确定性的度量。公平的硬币有一比特的熵。",
    place: { asset_id, pages: [1] },
  };
  const draft = { passage: 1, question: "公平的硬币有多少比特的熵？", quote: "有一比特的熵" };

  expect(checkDraft(draft, [passage], null)).toMatchObject({ term: "有一比特的熵" });
});
