import { describe, expect, test } from "bun:test";
import {
  normalizeSegments,
  normalizeWords,
  type Segment,
  segmentsFromWords,
  transcriptText,
  type Word,
} from "../../../src/text/transcript/transcript";
import { type Random, seededRandom } from "../../support/random";

/** Words of 300 ms, 100 ms apart, beginning at `start_ms`. */
const spoken = (text: string, start_ms = 0, speaker?: string): Word[] =>
  text.split(" ").map((word, i) => ({
    start_ms: start_ms + i * 400,
    end_ms: start_ms + i * 400 + 300,
    text: word,
    ...(speaker && { speaker }),
  }));

describe("segmentsFromWords", () => {
  test("ends a segment with its sentence", () => {
    expect(segmentsFromWords(spoken("Dr. Gibbs knew. Nobody else did."))).toEqual([
      { start_ms: 0, end_ms: 1_100, text: "Dr. Gibbs knew." },
      { start_ms: 1_200, end_ms: 2_300, text: "Nobody else did." },
    ]);
  });

  test("ends a segment before a pause of more than 0.8 s", () => {
    const words = [...spoken("entropy never falls"), ...spoken("so heat flows", 2_000)];

    expect(segmentsFromWords(words).map(({ text }) => text)).toEqual([
      "entropy never falls",
      "so heat flows",
    ]);
  });

  test("ends a segment at a change of speaker", () => {
    const words = [...spoken("is that all", 0, "student"), ...spoken("it is", 1_200, "lecturer")];

    expect(segmentsFromWords(words)).toEqual([
      { start_ms: 0, end_ms: 1_100, text: "is that all", speaker: "student" },
      { start_ms: 1_200, end_ms: 1_900, text: "it is", speaker: "lecturer" },
    ]);
  });

  test("ends a segment at 20 seconds without a pause or a full stop", () => {
    const segments = segmentsFromWords(spoken(Array(200).fill("heat").join(" ")));

    expect(segments.length).toBeGreaterThan(3);
    expect(segments.every(({ start_ms, end_ms }) => end_ms - start_ms <= 20_000)).toBe(true);
    expect(transcriptText(segments).split(" ")).toHaveLength(200);
  });

  test("sets no blanks between Chinese words or before marks that come as words", () => {
    expect(segmentsFromWords(spoken("热力学 第二 定律 。"))[0]!.text).toBe("热力学第二定律。");
    expect(segmentsFromWords(spoken("heat flows ."))[0]!.text).toBe("heat flows.");
  });

  test("keeps laughter and applause", () => {
    const laughter: Word = { start_ms: 800, end_ms: 900, text: "(laughter)", kind: "audio_event" };

    expect(segmentsFromWords([...spoken("a joke"), laughter])[0]!.text).toBe("a joke (laughter)");
  });
});

describe("normalizeSegments", () => {
  test("cleans texts and names and drops what is empty", () => {
    expect(
      normalizeSegments([
        { start_ms: 0, end_ms: 900, text: " \u0000 ", speaker: "Ann" },
        { start_ms: 900, end_ms: 1_800, text: "heat\u0000 flows ", speaker: " Ann\nLee " },
        { start_ms: 1_800, end_ms: 2_000, text: "why", speaker: " " },
      ]),
    ).toEqual([
      { start_ms: 900, end_ms: 1_800, text: "heat flows", speaker: "Ann Lee" },
      { start_ms: 1_800, end_ms: 2_000, text: "why" },
    ]);
  });

  test("makes times whole, ordered and positive", () => {
    expect(
      normalizeSegments([
        { start_ms: 2_000.6, end_ms: 1_000, text: "third" },
        { start_ms: -5, end_ms: 10.4, text: "first" },
        { start_ms: 50, end_ms: Number.NaN, text: "second" },
      ]),
    ).toEqual([
      { start_ms: 0, end_ms: 10, text: "first" },
      { start_ms: 50, end_ms: 51, text: "second" },
      { start_ms: 2_001, end_ms: 2_002, text: "third" },
    ]);
  });

  test("ends an overlapped segment where the next begins", () => {
    const overlapping = [
      { start_ms: 0, end_ms: 3_000, text: "as I was saying" },
      { start_ms: 2_000, end_ms: 2_500, text: "louder please" },
    ];

    expect(normalizeSegments(overlapping).map(({ end_ms }) => end_ms)).toEqual([2_000, 2_500]);
  });

  test("shares the time of segments that begin together by their lengths", () => {
    const together = [
      { start_ms: 1_000, end_ms: 2_000, text: "yes", speaker: "Ann" },
      { start_ms: 1_000, end_ms: 2_000, text: "of course", speaker: "Bob" },
    ];

    expect(normalizeSegments(together)).toEqual([
      { start_ms: 1_000, end_ms: 1_250, text: "yes", speaker: "Ann" },
      { start_ms: 1_250, end_ms: 2_000, text: "of course", speaker: "Bob" },
    ]);
  });

  test("keeps its promises for anything a provider may send", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 300; round++) {
      const segments = random.list(random.integer(0, 20), (i) => anySegment(random, i));

      const normalized = normalizeSegments(segments);

      expect(normalized.map(({ text }) => text).sort()).toEqual(
        segments.map(({ text }) => text).sort(),
      );
      let earliest = 0;
      for (const { start_ms, end_ms } of normalized) {
        expect(Number.isInteger(start_ms) && Number.isInteger(end_ms)).toBe(true);
        expect(start_ms).toBeGreaterThanOrEqual(earliest);
        expect(end_ms).toBeGreaterThan(start_ms);
        earliest = end_ms;
      }
      expect(normalizeSegments(normalized)).toEqual(normalized);
    }
  });
});

function anySegment(random: Random, i: number): Segment {
  const start_ms = random.pick([0, 1, 1_000.5, -3, random.integer(0, 9_000), Number.NaN]);
  return { start_ms, end_ms: start_ms + random.integer(-500, 3_000), text: `segment ${i}` };
}

test("normalizeWords lets two people speak at once", () => {
  const words: Word[] = [
    { start_ms: 300, end_ms: 700, text: "yes", speaker: "Bob" },
    { start_ms: 0, end_ms: 500, text: " right\u0000", speaker: "Ann" },
    { start_ms: 900, end_ms: 900, text: "(laughter)", kind: "audio_event" },
  ];

  expect(normalizeWords(words)).toEqual([
    { start_ms: 0, end_ms: 500, text: "right", speaker: "Ann" },
    { start_ms: 300, end_ms: 700, text: "yes", speaker: "Bob" },
    { start_ms: 900, end_ms: 900, text: "(laughter)", kind: "audio_event" },
  ]);
});

test("transcriptText gives each turn its line", () => {
  const segments = [
    { start_ms: 0, end_ms: 1, text: "Is that\nall?", speaker: "Ann" },
    { start_ms: 1, end_ms: 2, text: "It is.", speaker: "Bob" },
    { start_ms: 2, end_ms: 3, text: "Nearly.", speaker: "Bob" },
  ];

  expect(transcriptText(segments)).toBe("Is that all?\nIt is. Nearly.");
});
