import { describe, expect, test } from "bun:test";
import {
  mergeNearDuplicates,
  type SlideWords,
  toSlideWords,
} from "../../src/retrieval/near-duplicates";
import type { Scored } from "../../src/retrieval/rank";

type Slide = {
  id: string;
  content: string;
  page?: number;
  deck?: string;
  title?: string;
  uploaded_ms?: number;
};

/** Slides in the order of the ranking; the first is the best. */
function merge(slides: Slide[], query: string): [id: string, score: number][] {
  const ranking = slides.map(
    ({ id, page = 1, deck = "deck", title = "Gradient descent" }, i): Scored => ({
      chunk_id: id,
      source: "slides",
      asset_id: deck,
      chunk_index: page,
      page_number: page,
      title,
      model: null,
      distance: null,
      text_score: 1,
      lexemes: [],
      score: 1 - i / 10,
      similarity: 0,
      words: 1,
    }),
  );
  const texts = new Map(
    slides.map(({ id, content, uploaded_ms = 0 }): [string, SlideWords] => [
      id,
      toSlideWords({ content, uploaded_ms }),
    ]),
  );
  return mergeNearDuplicates(ranking, texts, query).map(({ chunk_id, score }) => [chunk_id, score]);
}

const FIRST = "Gradient descent follows the slope of the loss.";
const SECOND = `${FIRST}\nMomentum averages past gradients.`;
const THIRD = `${SECOND}\nAdam adapts the rate of each parameter.`;

describe("states of one slide", () => {
  test("count as one: the fullest, with the score of the best", () => {
    const slides = [
      { id: "one", content: FIRST, page: 1 },
      { id: "three", content: THIRD, page: 3 },
      { id: "two", content: SECOND, page: 2 },
      { id: "other", content: "Warmup raises the rate in the first thousand steps.", page: 9 },
    ];

    expect(merge(slides, "slope of the loss")).toEqual([
      ["three", 1],
      ["other", 0.7],
    ]);
  });

  test("are cited by the exact one when only it has the words of the question", () => {
    const marked = `${FIRST}\nMomentum averages past gradients.\nPause and guess the next step!`;
    const slides = [
      { id: "marked", content: marked, page: 2 },
      {
        id: "full",
        content: `${THIRD}\nSchedules lower the rate over time.\nRestarts raise it again.\nPause.`,
        page: 3,
      },
    ];
    const half = [{ ...slides[0]!, content: `${THIRD}\nGuess?` }, slides[1]!];

    expect(merge(half, "what should we guess")).toEqual([["marked", 1]]);
    expect(
      merge([{ ...half[0]!, content: `${THIRD}\nGuessing games?` }, half[1]!], "guessing game"),
    ).toEqual([["marked", 1]]);
    expect(merge(half, "momentum")).toEqual([["full", 1]]);
  });

  test("need one title: a summary that repeats lines is another slide", () => {
    const slides = [
      { id: "one", content: FIRST, page: 1 },
      { id: "summary", content: THIRD, page: 2, title: "Summary" },
    ];

    expect(merge(slides, "slope").length).toBe(2);
  });

  test("are not far apart, and parts of one page are no states", () => {
    const part = { id: "part", content: FIRST, page: 1 };

    expect(merge([{ id: "one", content: FIRST, page: 1 }, part], "slope").length).toBe(2);
    expect(merge([{ id: "one", content: FIRST, page: 90 }, part], "slope").length).toBe(2);
  });
});

describe("a deck that was uploaded again", () => {
  test("counts once; of equal pages the newer one is shown", () => {
    const slides = [
      { id: "old", content: THIRD, deck: "2024", uploaded_ms: 1 },
      { id: "new", content: THIRD.replace("Adam", "AdamW"), deck: "2025", uploaded_ms: 2 },
    ];

    expect(merge(slides, "momentum")).toEqual([["new", 1]]);
  });

  test("with another text on the page counts twice", () => {
    const slides = [
      { id: "old", content: FIRST, deck: "2024" },
      { id: "new", content: THIRD, deck: "2025" },
    ];

    expect(merge(slides, "slope").length).toBe(2);
  });

  test("in Chinese counts once", () => {
    const content = "信息论与熵是通信的基础，由香农提出。";
    const slides = [
      { id: "old", content, deck: "2024" },
      { id: "new", content: `${content}了`, deck: "2025", uploaded_ms: 1 },
    ];

    expect(merge(slides, "熵")).toEqual([["new", 1]]);
  });
});

test("short pages are duplicates only when they are equal", () => {
  const slides = [
    { id: "a", content: "Exam", page: 1 },
    { id: "b", content: "Exam tips", page: 2 },
    { id: "c", content: "Exam", page: 3 },
  ];

  expect(merge(slides, "exam").map(([id]) => id)).toEqual(["a", "b"]);
});
