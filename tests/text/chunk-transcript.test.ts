import { describe, expect, test } from "bun:test";
import { chunkTranscript, type TranscriptChunk } from "../../src/text/chunk-transcript";
import { countTokens as countModelTokens } from "../../src/text/tokens";
import { normalizeSegments, type Segment, type Word } from "../../src/text/transcript/transcript";
import { type Random, seededRandom } from "../support/random";

const countWords = (text: string) => text.match(/\S+/g)?.length ?? 0;
const contents = (chunks: TranscriptChunk[]) => chunks.map(({ content }) => content);

/** Segments of one second each, back to back. */
const everySecond = (...texts: string[]): Segment[] =>
  texts.map((text, i) => ({ start_ms: i * 1_000, end_ms: (i + 1) * 1_000, text }));

describe("chunkTranscript", () => {
  test("starts a new chunk where the next sentence would not fit", () => {
    const segments = everySecond("Entropy grows.", "Heat flows.", "Time passes.");

    expect(chunkTranscript(segments, { maxTokens: 4, countTokens: countWords })).toEqual([
      {
        chunk_index: 0,
        start_ms: 0,
        end_ms: 2_000,
        content: "Entropy grows. Heat flows.",
        metadata: {},
      },
      { chunk_index: 1, start_ms: 2_000, end_ms: 3_000, content: "Time passes.", metadata: {} },
    ]);
  });

  test("does not end inside a sentence that runs over several segments", () => {
    const segments = everySecond("Heat flows. Entropy", "always", "grows. Time passes.");

    const chunks = chunkTranscript(segments, { maxTokens: 6, countTokens: countWords });

    expect(contents(chunks)).toEqual(["Heat flows. Entropy always grows.", "Time passes."]);
  });

  test("rather ends at a change of speaker, and says who speaks", () => {
    const segments = everySecond("One two.", "Three four?", "Five six.", "Seven eight.").map(
      (segment, i) => ({ ...segment, speaker: i < 2 ? "student" : "lecturer" }),
    );

    const chunks = chunkTranscript(segments, { maxTokens: 6, countTokens: countWords });

    expect(chunks.map(({ content, metadata }) => [content, metadata.speakers])).toEqual([
      ["One two. Three four?", ["student"]],
      ["Five six. Seven eight.", ["lecturer"]],
    ]);
  });

  test("sets a line for each turn and lists its speakers once", () => {
    const segments = everySecond("Why?", "Because.", "Really?").map((segment, i) => ({
      ...segment,
      speaker: i === 1 ? "lecturer" : "student",
    }));

    expect(chunkTranscript(segments, { maxTokens: 9, countTokens: countWords })).toMatchObject([
      { content: "Why?\nBecause.\nReally?", metadata: { speakers: ["student", "lecturer"] } },
    ]);
  });

  test("rather ends where the slide changes, at the nearest end of a sentence", () => {
    const segments = everySecond("One two.", "Three four.", "Five six.", "Seven eight.");
    const limit = { maxTokens: 6, countTokens: countWords };

    expect(contents(chunkTranscript(segments, { ...limit, slideChanges: [1_900] }))).toEqual([
      "One two. Three four.",
      "Five six. Seven eight.",
    ]);
  });

  test("rather ends before a pause than after another sentence", () => {
    const segments = everySecond("One two.", "Three four.", "Five six.", "Seven eight.").map(
      ({ start_ms, end_ms, text }, i) =>
        i < 2
          ? { start_ms, end_ms, text }
          : { start_ms: start_ms + 900, end_ms: end_ms + 900, text },
    );

    expect(contents(chunkTranscript(segments, { maxTokens: 6, countTokens: countWords }))).toEqual([
      "One two. Three four.",
      "Five six. Seven eight.",
    ]);
  });

  test("splits speech without punctuation at its pauses", () => {
    const segments = [
      { start_ms: 0, end_ms: 1_000, text: "so heat" },
      { start_ms: 1_000, end_ms: 2_000, text: "flows" },
      { start_ms: 3_000, end_ms: 4_000, text: "and time passes by" },
    ];

    expect(chunkTranscript(segments, { maxTokens: 4, countTokens: countWords })).toMatchObject([
      { start_ms: 0, end_ms: 2_000, content: "so heat flows" },
      { start_ms: 3_000, end_ms: 4_000, content: "and time passes by" },
    ]);
  });

  test("repeats whole sentences, but not across speakers or slides", () => {
    const segments = everySecond("One two.", "Three.", "Four five.", "Six seven.");
    const limit = { maxTokens: 5, countTokens: countWords, overlapTokens: 1 };
    const twoSpeakers = segments.map((segment, i) => ({ ...segment, speaker: i < 2 ? "A" : "B" }));

    expect(contents(chunkTranscript(segments, { ...limit, maxTokens: 4 }))).toEqual([
      "One two. Three.",
      "Three. Four five.",
      "Six seven.",
    ]);
    expect(contents(chunkTranscript(twoSpeakers, limit))).toEqual([
      "One two. Three.",
      "Four five. Six seven.",
    ]);
    expect(contents(chunkTranscript(segments, { ...limit, slideChanges: [2_000] }))).toEqual([
      "One two. Three.",
      "Four five. Six seven.",
    ]);
  });

  test("interpolates the times of a sentence that is longer than a chunk", () => {
    const segments = everySecond("aaa bbb ccc ddd");

    expect(chunkTranscript(segments, { maxTokens: 2, countTokens: countWords })).toMatchObject([
      { start_ms: 0, end_ms: 467, content: "aaa bbb" },
      { start_ms: 533, end_ms: 1_000, content: "ccc ddd" },
    ]);
  });

  test("takes the times of words where they are known", () => {
    const segments = everySecond("aaa, bbb ccc ddd.");
    const words = [
      { start_ms: 10, end_ms: 100, text: "aaa" },
      { start_ms: 200, end_ms: 300, text: "bbb" },
      { start_ms: 700, end_ms: 800, text: "ccc" },
      { start_ms: 850, end_ms: 950, text: "ddd" },
    ];

    expect(
      chunkTranscript(segments, { maxTokens: 2, countTokens: countWords, words }),
    ).toMatchObject([
      { start_ms: 10, end_ms: 300, content: "aaa, bbb" },
      { start_ms: 700, end_ms: 950, content: "ccc ddd." },
    ]);
  });

  test("makes nothing of silence", () => {
    expect(chunkTranscript([], { maxTokens: 4, countTokens: countWords })).toEqual([]);
  });

  test("counts each word of a lecture a few times only, however long it is", () => {
    const random = seededRandom(5);
    const segments = normalizeSegments(random.list(3_000, (i) => lectureSegment(random, i, 10)));
    const spoken = segments.reduce((sum, { text }) => sum + text.length, 0);
    let counted = 0;
    const countTokens = (text: string) => {
      counted += text.length;
      return countModelTokens(text);
    };

    const chunks = chunkTranscript(segments, { maxTokens: 300, countTokens });

    expect(chunks.length).toBeGreaterThan(80);
    expect(counted / spoken).toBeLessThan(10);
  });
});

describe("chunks of any transcript", () => {
  for (const [name, countTokens] of [
    ["words", countWords],
    ["characters", (text: string) => text.length],
    ["tokens of the model", countModelTokens],
  ] as const) {
    test(`keep their promises, counted in ${name}`, () => {
      const random = seededRandom(6);
      for (let round = 0; round < 60; round++) checkRandomTranscript(random, countTokens);
    });
  }
});

function checkRandomTranscript(random: Random, countTokens: (text: string) => number): void {
  const count = random.integer(1, 40);
  const segments = normalizeSegments(random.list(count, (i) => lectureSegment(random, i)));
  const options = {
    maxTokens: random.integer(8, 60),
    countTokens,
    slideChanges: random.list(random.integer(0, 5), () => random.integer(0, 150_000)),
    ...(random.chance(0.5) && { words: wordsOf(random, segments) }),
  };

  const everything = withoutBlanks(segments.map(({ text }) => text).join(""));
  const chunks = chunkTranscript(segments, { ...options, overlapTokens: 0 });
  const overlapping = chunkTranscript(segments, options);

  expect(withoutBlanks(contents(chunks).join(""))).toBe(everything);
  checkPlaces(chunks, segments);
  checkTimes(overlapping, segments);
  expect(chunkTranscript(segments, options)).toEqual(overlapping);
  for (const [index, chunk] of [...chunks.entries(), ...overlapping.entries()]) {
    expect(chunk.chunk_index).toBe(index);
    expect(countTokens(chunk.content)).toBeLessThanOrEqual(options.maxTokens);
  }
  expect(spell(contents(overlapping).map(withoutBlanks), everything)).toBe(true);
}

/** Each chunk lies within the segments that its characters come from. */
function checkPlaces(chunks: TranscriptChunk[], segments: Segment[]): void {
  const sources = segments.flatMap((segment) =>
    Array(withoutBlanks(segment.text).length).fill(segment),
  );
  let offset = 0;
  for (const { start_ms, end_ms, content } of chunks) {
    const first: Segment = sources[offset];
    offset += withoutBlanks(content).length;
    const last: Segment = sources[offset - 1];
    expect(start_ms).toBeGreaterThanOrEqual(first.start_ms);
    expect(start_ms).toBeLessThan(first.end_ms);
    expect(end_ms).toBeGreaterThan(last.start_ms);
    expect(end_ms).toBeLessThanOrEqual(last.end_ms);
  }
}

function checkTimes(chunks: TranscriptChunk[], segments: Segment[]): void {
  let earliest = segments[0]!.start_ms;
  for (const { start_ms, end_ms } of chunks) {
    expect(Number.isInteger(start_ms) && Number.isInteger(end_ms)).toBe(true);
    expect(start_ms).toBeGreaterThanOrEqual(earliest);
    expect(end_ms).toBeGreaterThan(start_ms);
    earliest = start_ms;
  }
  expect(chunks.at(-1)!.end_ms).toBeLessThanOrEqual(segments.at(-1)!.end_ms);
}

/** Whether the pieces spell the whole when each may begin by repeating the end of the one before. */
function spell(pieces: string[], whole: string): boolean {
  // Texts repeat themselves, so every length that may have been spelled so far is followed up.
  let spelled = new Set([0]);
  for (const piece of pieces) {
    const longer = new Set<number>();
    for (const length of spelled) {
      for (let from = length; from > length - piece.length && from >= 0; from--) {
        if (whole.startsWith(piece, from)) longer.add(from + piece.length);
      }
    }
    spelled = longer;
  }
  return spelled.has(whole.length);
}

const withoutBlanks = (text: string) => text.replace(/\s/g, "");

const VOCABULARY = [
  "entropy",
  "heat",
  "flows",
  "Dr.",
  "e.g.",
  "3.14",
  "f(x)=x²",
  "thermodynamically",
  "so",
  "(laughter)",
  "state.",
  "why?",
  "Wow!",
  "热力学第二定律",
  "说明。",
  "熵",
  "ウィーン",
  "ไม่มีช่องว่าง",
  "😀",
  "نعم؟",
  "a\nb",
  "Pneumono-".repeat(12),
];

function lectureSegment(random: Random, i: number, length = random.integer(1, 14)): Segment {
  const start_ms = i * 3_600 + random.integer(0, 400);
  return {
    start_ms,
    end_ms: start_ms + (random.chance(0.05) ? 1 : random.integer(500, 3_600)),
    text: random.list(length, () => random.pick(VOCABULARY)).join(" "),
    ...(random.chance(0.7) && { speaker: random.pick(["Ann", "Bob"]) }),
  };
}

/** Most words of the segments, some of them at wrong times. */
function wordsOf(random: Random, segments: Segment[]): Word[] {
  return segments
    .flatMap(({ start_ms, end_ms, text }) => {
      const texts = text.split(/\s+/);
      const length = (end_ms - start_ms) / texts.length;
      return texts.map((word, i) => ({
        start_ms: Math.round(start_ms + i * length) + random.pick([0, 0, 0, 700, -700]),
        end_ms: Math.round(start_ms + (i + random.pick([0, 0.5, 1])) * length),
        text: word,
      }));
    })
    .filter(() => random.chance(0.9))
    .sort((a, b) => a.start_ms - b.start_ms);
}
