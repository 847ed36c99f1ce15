import { describe, expect, test } from "bun:test";
import { placeSpans } from "../../../src/providers/speech/span-times";

const DURATION_MS = 60_000;
const TEXT =
  "entropy measures missing information because every mixture has many more states".split(" ");

/** The words in seconds: 0.4 s each, one every second from 2 s on. */
const SECONDS = TEXT.map((text, i) => ({ text, start: 2 + i, end: 2.4 + i }));
const EXPECTED = SECONDS.map((_, i) => ({
  start_ms: 2_000 + 1_000 * i,
  end_ms: 2_400 + 1_000 * i,
}));

const rounded = (spans: Parameters<typeof placeSpans>[0], duration_ms = DURATION_MS) =>
  placeSpans(spans, duration_ms)?.map(({ start_ms, end_ms }) => ({
    start_ms: Math.round(start_ms),
    end_ms: Math.round(end_ms),
  }));

describe("placeSpans detects the unit", () => {
  test.each([
    ["seconds", 1],
    ["hundredths of a second", 100],
    ["milliseconds", 1_000],
    ["samples at 16 kHz", 16_000],
    ["microseconds", 1e6],
    ["100-ns ticks", 1e7],
    ["nanoseconds", 1e9],
  ])("%s", (_, factor) => {
    const spans = SECONDS.map(({ text, start, end }) => ({
      text,
      start: start * factor,
      end: end * factor,
    }));

    expect(rounded(spans)).toEqual(EXPECTED);
  });

  test("milliseconds, also when they would fit into long audio as seconds", () => {
    const spans = SECONDS.slice(0, 6).map(({ text, start, end }) => ({
      text,
      start: (start - 2) * 1_000,
      end: (end - 2) * 1_000,
    }));

    expect(rounded(spans, 7_200_000)![1]).toEqual({ start_ms: 1_000, end_ms: 1_400 });
  });

  test("seconds stay seconds when a server pads its last window", () => {
    const spans = [...SECONDS, { text: "states", start: 59, end: 75 }];

    expect(rounded(spans)!.at(-1)).toEqual({ start_ms: 59_000, end_ms: 60_000 });
  });

  test("seconds stay seconds for slow Chinese", () => {
    const spans = Array.from({ length: 12 }, (_, i) => ({
      text: "熵",
      start: i * 4,
      end: i * 4 + 2,
    }));

    expect(rounded(spans)![1]).toEqual({ start_ms: 4_000, end_ms: 6_000 });
  });

  test("a single word in milliseconds", () => {
    expect(rounded([{ text: "entropy", start: 2_000, end: 2_400 }], 5_000)).toEqual([
      { start_ms: 2_000, end_ms: 2_400 },
    ]);
  });
});

describe("placeSpans places a span without times", () => {
  test("between its neighbours, two of them by the length of their texts", () => {
    const spans = [
      { text: "in", start: 1, end: 1.2 },
      { text: "2015" },
      { text: "2016", start: null, end: null },
      { text: "it", start: 2.2, end: 2.4 },
    ];

    expect(rounded(spans)).toEqual([
      { start_ms: 1_000, end_ms: 1_200 },
      { start_ms: 1_200, end_ms: 1_700 },
      { start_ms: 1_700, end_ms: 2_200 },
      { start_ms: 2_200, end_ms: 2_400 },
    ]);
  });

  test("at the start of the audio, and at its end", () => {
    const spans = [{ text: "one" }, { text: "two", start: 2, end: 3 }, { text: "six" }];

    expect(rounded(spans, 10_000)).toEqual([
      { start_ms: 0, end_ms: 2_000 },
      { start_ms: 2_000, end_ms: 3_000 },
      { start_ms: 3_000, end_ms: 10_000 },
    ]);
  });

  test("a missing end is the next start, and the last one the end of the audio", () => {
    const spans = [
      { text: "one", start: 1 },
      { text: "two", start: 4, end: null },
    ];

    expect(rounded(spans, 9_500)).toEqual([
      { start_ms: 1_000, end_ms: 4_000 },
      { start_ms: 4_000, end_ms: 9_500 },
    ]);
  });

  test("nothing is placed without any time", () => {
    expect(placeSpans([{ text: "one" }, { text: "two", start: Number.NaN }], 9_500)).toBeNull();
  });
});
