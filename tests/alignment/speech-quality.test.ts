import { expect, test } from "bun:test";
import {
  countSpeech,
  fastCaptions,
  speakingSpeed,
  speechGaps,
  uncertainStretches,
  unknownTerms,
} from "../../src/alignment/speech-quality";
import { countTokens } from "../../src/text/tokens";

const at = (start_ms: number, end_ms: number) => ({ start_ms, end_ms });
const say = (start_ms: number, end_ms: number, text: string) => ({ start_ms, end_ms, text });

test("silence of more than 30 s is a gap, also at the start and the end", () => {
  const busy = [at(100_000, 110_000), at(40_000, 60_000), at(45_000, 50_000), at(90_000, 95_000)];

  expect(speechGaps(busy, 150_000)).toEqual([at(0, 40_000), at(110_000, 150_000)]);
  expect(speechGaps([at(0, 60_000)], 60_000)).toEqual([]);
  expect(speechGaps([], 60_000)).toEqual([at(0, 60_000)]);
  expect(speechGaps([], 0)).toEqual([]);
});

test("uncertain neighbours are one stretch with the lowest confidence", () => {
  const spans = [
    { ...at(0, 10), confidence: 0.05 },
    { ...at(10, 20), confidence: 0.02 },
    { ...at(20, 30), confidence: 0.1 },
    { ...at(30, 40), confidence: 0 },
  ];

  expect(uncertainStretches(spans, 0.1)).toEqual([
    { ...at(0, 20), confidence: 0.02 },
    { ...at(30, 40), confidence: 0 },
  ]);
});

test("the speed of speech is per five minutes and without pauses", () => {
  const segments = [
    say(0, 15_000, "one two three"),
    say(200_000, 215_000, "four five six"),
    say(300_000, 301_000, "too short to say"),
    say(600_000, 630_000, "你好 world"),
  ];

  expect(speakingSpeed(segments)).toEqual([
    { ...at(0, 215_000), words: 6, words_per_minute: 12 },
    { ...at(600_000, 630_000), words: 2, words_per_minute: 4 },
  ]);
  expect(countSpeech([])).toEqual({ words: 0, spoken_ms: 0, words_per_minute: null });
});

test("captions above 20 characters per second are fast, also without any length", () => {
  const text = "x".repeat(20);

  expect(fastCaptions([say(0, 1_000, text), say(1_000, 1_500, text), say(2, 2, "x")])).toEqual([
    { ...at(1_000, 1_500), characters_per_second: 40 },
    { ...at(2, 2), characters_per_second: 1_000 },
  ]);
});

test("unknown are suggestions and rare words that the slides do not have in any form", async () => {
  const suggestion = {
    find: "cry love",
    replacement: "Krylov",
    reason: "sound" as const,
    document_id: "deck",
    page_number: 2,
    places: [{ word_index: 0, start_ms: 7, expected: "cry love" }],
  };
  const speech =
    "Cry love. The eigenvalues of Zwicky, then zwicky's; Zwicky again about house 1234567";
  const words = speech.split(" ").map((text, i) => say(i, i + 1, text));
  const pages = [{ title: "Krylov", text: "An eigenvalue" }];

  const found = await unknownTerms(words, pages, [suggestion], countTokens);

  expect(found).toEqual([
    {
      term: "cry love",
      count: 1,
      start_ms: 7,
      suggestion: { replacement: "Krylov", reason: "sound", document_id: "deck", page_number: 2 },
    },
    { term: "Zwicky", count: 2, start_ms: 5, suggestion: null },
  ]);
  expect(await unknownTerms(words, [], [], countTokens)).toEqual([]);
});
