import { describe, expect, test } from "bun:test";
import { type MaybeTimedWord, placeWords } from "../../../src/text/transcript/place-words";
import { cpuMs } from "../../support/cpu-time";

const word = (text: string, start_ms: number | null, end_ms: number | null): MaybeTimedWord => ({
  text,
  start_ms,
  end_ms,
});
const times = (words: MaybeTimedWord[], end_ms = 10_000) =>
  placeWords(words, { start_ms: 1_000, end_ms }).map((one) => [one.start_ms, one.end_ms]);

describe("placeWords", () => {
  test("leaves known times as they are", () => {
    expect(times([word("a", 2_000, 2_500), word("b", 2_400, 3_000)])).toEqual([
      [2_000, 2_500],
      [2_400, 3_000],
    ]);
  });

  test("shares a gap between words without times by the length of their texts", () => {
    const words = [
      word("in", 2_000, 3_000),
      word("the", null, null),
      word("1", null, null),
      word("end", 5_000, 6_000),
    ];

    expect(times(words)).toEqual([
      [2_000, 3_000],
      [3_000, 4_500],
      [4_500, 5_000],
      [5_000, 6_000],
    ]);
  });

  test("uses the bounds before the first and after the last known time", () => {
    expect(times([word("a", null, null), word("b", 3_000, null)])).toEqual([
      [1_000, 3_000],
      [3_000, 10_000],
    ]);
    expect(times([word("a", null, null), word("b", null, null)], 3_000)).toEqual([
      [1_000, 2_000],
      [2_000, 3_000],
    ]);
  });

  test("ends a word at the next known time, also where only an end is known", () => {
    expect(times([word("a", 2_000, null), word("b", null, 4_000)])).toEqual([
      [2_000, 3_000],
      [3_000, 4_000],
    ]);
  });

  test("gives no time backwards when neighbours overlap", () => {
    const words = [word("a", 2_000, 5_000), word("b", null, null), word("c", 3_000, 4_000)];

    expect(times(words)[1]).toEqual([5_000, 5_000]);
  });

  test("places a million words without times in linear time", () => {
    const words = Array.from({ length: 1_000_000 }, () => word("a", null, null));
    const ms = cpuMs(() => expect(times(words).at(-1)![1]).toBeCloseTo(10_000));

    expect(ms).toBeLessThan(4_000);
  });
});
