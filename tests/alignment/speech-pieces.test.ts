import { expect, test } from "bun:test";
import { toSpeechPieces } from "../../src/alignment/speech-pieces";

test("pieces have the times of their words, where these are known", () => {
  const texts = Array.from({ length: 16 }, (_, i) => `word${i}`);
  // All words are spoken in the last four seconds of a minute.
  const words = texts.map((text, i) => ({
    text,
    start_ms: 56_000 + i * 250,
    end_ms: 56_250 + i * 250,
  }));
  const segments = [{ start_ms: 0, end_ms: 60_000, text: texts.join(" ") }];

  const pieces = toSpeechPieces(segments, words);

  expect(pieces).toHaveLength(2);
  expect(pieces[0]).toMatchObject({ start_ms: 56_000, text: texts.slice(0, 8).join(" ") });
  expect(pieces[1]!.start_ms).toBe(58_000);
  expect(toSpeechPieces(segments, [])).toEqual(segments);
});

test("speech without blanks is split by characters", () => {
  const text = "熵".repeat(100);
  const segments = [{ start_ms: 0, end_ms: 60_000, text }];
  const words = [{ text, start_ms: 0, end_ms: 60_000 }];

  const pieces = toSpeechPieces(segments, words);

  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.map((piece) => piece.text).join("")).toBe(text);
});
