import { expect, test } from "bun:test";
import {
  areCopies,
  firstMentions,
  inSpokenOrder,
  likelyDecks,
  reliabilityOf,
  scoreDeck,
} from "../../src/alignment/deck-score";

const speak = (text: string) =>
  firstMentions(text.split(" ").map((term, i) => ({ term, time_ms: i * 1_000 })));

test("the score is the share of the deck's pairs of words that are spoken", () => {
  const pages = [
    ["entropy", "measures", "surprise"],
    ["channel", "capacity", "limits"],
  ];

  // 3 of 4 pairs; 5 are added so that a few pairs are no high share.
  const { score } = scoreDeck(pages, speak("entropy measures surprise uh channel capacity"));
  expect(score).toBeCloseTo(3 / 9);
  expect(scoreDeck(pages, speak("surprise capacity entropy")).score).toBe(0);
  expect(scoreDeck([], speak("entropy")).score).toBe(0);
  expect(scoreDeck(pages, speak("")).score).toBe(0);
});

test("decks with half of the best score are suggested in the order in which they are spoken", () => {
  const decks = [
    { id: "late", score: 0.2, middle_ms: 50_000 },
    { id: "foreign", score: 0.09, middle_ms: 10_000 },
    { id: "early", score: 0.12, middle_ms: 20_000 },
  ];

  expect(inSpokenOrder(likelyDecks(decks)).map(({ id }) => id)).toEqual(["early", "late"]);
  expect(likelyDecks([])).toEqual([]);
});

test("a deck that is hardly spoken is not suggested, also alone", () => {
  expect(likelyDecks([{ score: 0.02, middle_ms: 0 }])).toEqual([]);
});

test("a revision is a copy, and a deck that repeats a few slides is not", () => {
  const slide = (name: string) => ["one", "two", "three", "four"].map((word) => name + word);
  const deck = ["a", "b", "c", "d", "e"].map(slide);
  const next = ["d", "e", "f", "g", "h"].map(slide);

  expect(areCopies(deck, [slide("new"), ...deck.slice(1)])).toBe(true);
  expect(areCopies(deck, next)).toBe(false);
  expect(areCopies(deck, [])).toBe(false);
});

test("a foreign deck has no reliable span", () => {
  expect(reliabilityOf({ score: 0.005 })).toBeCloseTo(0.05);
  expect(reliabilityOf({ score: 0.3 })).toBe(1);
});
