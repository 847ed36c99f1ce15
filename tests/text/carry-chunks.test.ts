import { describe, expect, test } from "bun:test";
import { carryChunks } from "../../src/text/carry-chunks";
import { chunkTranscript } from "../../src/text/chunk-transcript";
import { toTimeline } from "../../src/text/timeline";
import { correctTranscript } from "../../src/text/transcript/correct-transcript";

const SENTENCES = Array.from(
  { length: 60 },
  (_, i) => `Sentence ${i} is about the eigen value ${i} here.`,
);
const text = SENTENCES.join(" ");
const words = text
  .split(" ")
  .map((word, i) => ({ text: word, start_ms: i * 100, end_ms: i * 100 + 90 }));
const segments = SENTENCES.map((sentence, i) => {
  const count = sentence.split(" ").length;
  return { start_ms: i * count * 100, end_ms: (i + 1) * count * 100, text: sentence };
});
const limit = { maxTokens: 60, countTokens: (part: string) => part.split(/\s+/).length };
const former = toTimeline(segments, words);
const chunks = chunkTranscript(segments, { ...limit, words });
const correct = (start_ms: number | null, expected: string, replacement: string) => {
  const nth_at_start = start_ms === null ? null : 0;
  const correction = { id: "c", start_ms, nth_at_start, expected, replacement, match_case: true };
  const corrected = correctTranscript({ segments, words }, [correction]);
  return toTimeline(corrected.segments, corrected.words);
};

describe("carryChunks", () => {
  test("returns the same chunks for the same text", () => {
    expect(carryChunks(chunks, former, former)).toEqual(chunks);
  });

  test("changes only the chunks that contain the corrected word", () => {
    const index = words.findIndex(({ text }, i) => text === "eigen" && i > 250);
    const corrected = correct(words[index]!.start_ms, "eigen value", "eigenvalue");
    const carried = carryChunks(chunks, former, corrected)!;
    const changed = carried.filter(({ content }, i) => content !== chunks[i]!.content);

    expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThanOrEqual(2); // the repeated sentences are in two chunks
    for (const [i, chunk] of carried.entries()) {
      expect(chunk).toMatchObject({ start_ms: chunks[i]!.start_ms, end_ms: chunks[i]!.end_ms });
    }
  });

  test("a rule changes all chunks with its text and no border", () => {
    const corrected = correct(null, "eigen value", "eigenvalue");
    const carried = carryChunks(chunks, former, corrected)!;
    expect(carried.map(({ start_ms }) => start_ms)).toEqual(chunks.map(({ start_ms }) => start_ms));
    expect(carried.every(({ content }) => !content.includes("eigen value"))).toBeTrue();
    expect(carried.every(({ content }) => corrected.text.includes(content))).toBeTrue();
  });

  test("gives up on chunks of another text", () => {
    const other = [{ ...chunks[0]!, content: "not part of the text" }];
    expect(carryChunks(other, former, former)).toBeNull();
  });
});
