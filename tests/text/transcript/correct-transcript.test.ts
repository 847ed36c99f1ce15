import { describe, expect, test } from "bun:test";
import { correctTranscript } from "../../../src/text/transcript/correct-transcript";
import {
  correctableWords,
  findRule,
  findWords,
  type TextCorrection,
} from "../../../src/text/transcript/correction-places";
import { normalizeSegments, type Word } from "../../../src/text/transcript/transcript";

const spoken = (text: string): Word[] =>
  text.split(" ").map((word, i) => ({ text: word, start_ms: i * 100, end_ms: i * 100 + 80 }));
const whole = (text: string) => {
  const words = spoken(text);
  return { segments: [{ start_ms: 0, end_ms: words.length * 100, text }], words };
};
const rule = (expected: string, replacement: string, match_case = false): TextCorrection => ({
  id: `${expected}→${replacement}`,
  start_ms: null,
  nth_at_start: null,
  expected,
  replacement,
  match_case,
});
const word = (
  start_ms: number,
  expected: string,
  replacement: string,
  nth_at_start = 0,
): TextCorrection => ({
  id: `${start_ms}`,
  start_ms,
  nth_at_start,
  expected,
  replacement,
  match_case: true,
});
const texts = (words: readonly Word[]) => words.map(({ text }) => text).join(" ");
const times = (words: readonly Word[]) =>
  words.map(({ text, start_ms, end_ms }) => `${text} ${start_ms}-${end_ms}`);

describe("a rule", () => {
  test("merges words, which then span the start of the first to the end of the last", () => {
    const { segments, words, changes } = correctTranscript(whole("the eigen value, here"), [
      rule("eigen value", "eigenvalue"),
    ]);
    expect(segments[0]!.text).toBe("the eigenvalue, here");
    expect(times(words)).toEqual(["the 0-80", "eigenvalue, 100-280", "here 300-380"]);
    expect(changes).toEqual({ "eigen value→eigenvalue": 1 });
  });

  test("splits a word, and its parts share its time", () => {
    const { segments, words } = correctTranscript(whole("a montecarlo method"), [
      rule("montecarlo", "Monte Carlo"),
    ]);
    expect(segments[0]!.text).toBe("a Monte Carlo method");
    expect(texts(words)).toBe("a Monte Carlo method");
    const [, monte, carlo] = words;
    expect([monte!.start_ms, carlo!.end_ms]).toEqual([100, 180]);
    expect(monte!.end_ms).toBeLessThanOrEqual(carlo!.start_ms);
  });

  test("keeps the time of each word when their number stays", () => {
    const { words } = correctTranscript(whole("a gram shmidt process"), [
      rule("gram shmidt", "Gram Schmidt"),
    ]);
    expect(times(words)).toEqual(["a 0-80", "Gram 100-180", "Schmidt 200-280", "process 300-380"]);
  });

  test("changes whole words only", () => {
    const { changes, segments } = correctTranscript(whole("values of a value's eigenvalue"), [
      rule("value", "number"),
    ]);
    expect(segments[0]!.text).toBe("values of a number's eigenvalue");
    expect(Object.values(changes)).toEqual([1]);
  });

  test("follows the capital letters of the place, unless the rule asks for its own", () => {
    const text = "Eigen value. EIGEN VALUE and eigen value";
    const change = (match_case: boolean) =>
      correctTranscript(whole(text), [rule("eigen value", "eigenvalue", match_case)]).segments[0]!
        .text;
    expect(change(false)).toBe("Eigenvalue. EIGENVALUE and eigenvalue");
    expect(change(true)).toBe("Eigen value. EIGEN VALUE and eigenvalue");
    const names = correctTranscript(whole("gem rays, Gem rays"), [rule("gem rays", "GMRES")]);
    expect(names.segments[0]!.text).toBe("GMRES, GMRES");
  });

  test("works in scripts without spaces, with accents and in German", () => {
    expect(
      correctTranscript(whole("矩阵的特征只很大"), [rule("特征只", "特征值")]).segments[0]!.text,
    ).toBe("矩阵的特征值很大");
    expect(
      correctTranscript(whole("Das Übergangs Maß gilt"), [rule("übergangs maß", "Übergangsmaß")])
        .segments[0]!.text,
    ).toBe("Das Übergangsmaß gilt");
  });

  test("finds special characters as they are", () => {
    expect(findRule("C++ and a.b (x) [y] $1", { expected: "C++", match_case: false })).toHaveLength(
      1,
    );
    expect(findRule("axb", { expected: "a.b", match_case: false })).toHaveLength(0);
    expect(correctTranscript(whole("a cost"), [rule("cost", "$1 $& cost")]).segments[0]!.text).toBe(
      "a $1 $& cost",
    );
  });

  test("finds every form of apostrophes and hyphens", () => {
    const { segments } = correctTranscript(whole("it’s Laplaces’s non‑linear law"), [
      rule("it's", "it is"),
      rule("Laplaces's", "Laplace's"),
      rule("non-linear", "nonlinear"),
    ]);
    expect(segments[0]!.text).toBe("it is Laplace's nonlinear law");
  });

  test("corrects the text and its words where both are written in another case", () => {
    const transcript = {
      segments: [{ start_ms: 0, end_ms: 300, text: "Hello, Eigen value." }],
      words: spoken("hello eigen value"),
    };
    const { segments, words } = correctTranscript(transcript, [
      rule("hello", "welcome"),
      rule("eigen value", "eigenvalue"),
    ]);
    expect(segments[0]!.text).toBe("Welcome, Eigenvalue.");
    expect(texts(words)).toBe("Welcome Eigenvalue");
  });

  test("has no effect when it makes the text too long", () => {
    const many = (word: string, count: number) => Array(count).fill(word).join(" ");
    const transcript = whole(many("a", 1_000));
    const { segments, changes } = correctTranscript(transcript, [
      rule("a", many("a", 5)),
      rule("a a", many("a", 90)),
      rule("a a a", many("b", 3)),
    ]);
    expect(Object.values(changes)).toEqual([1_000, 1_666]);
    expect(segments[0]!.text.length).toBeLessThan(20_000);
  });

  test("merges words of two segments into the first, and drops a segment without text", () => {
    const words = spoken("an eigen value of A");
    const segments = [
      { start_ms: 0, end_ms: 200, text: "an eigen" },
      { start_ms: 200, end_ms: 300, text: "value" },
      { start_ms: 300, end_ms: 500, text: "of A" },
    ];
    const corrected = correctTranscript({ segments, words }, [rule("eigen value", "eigenvalue")]);
    expect(corrected.segments.map(({ text }) => text)).toEqual(["an eigenvalue", "of A"]);
    expect(times(corrected.words)).toContain("eigenvalue 100-280");
    expect(normalizeSegments(corrected.segments)).toEqual(corrected.segments);
  });

  test("does not merge words of two speakers", () => {
    const segments = [
      { start_ms: 0, end_ms: 200, text: "an eigen", speaker: "A" },
      { start_ms: 200, end_ms: 300, text: "value", speaker: "B" },
    ];
    const words: Word[] = [];
    const { changes } = correctTranscript({ segments, words }, [rule("eigen value", "eigenvalue")]);
    expect(changes).toEqual({});
  });
});

describe("a correction of a word", () => {
  test("changes only the place that it names, and keeps its punctuation", () => {
    const { segments, changes } = correctTranscript(whole("cry love, cry love, cry love."), [
      word(200, "cry love", "Krylov"),
    ]);
    expect(segments[0]!.text).toBe("cry love, Krylov, cry love.");
    expect(changes).toEqual({ 200: 1 });
  });

  test("has no effect where other words are, such as in another transcript", () => {
    const other = whole("something else entirely");
    expect(correctTranscript(other, [word(200, "cry love", "Krylov")])).toEqual({
      ...other,
      changes: {},
    });
  });

  test("is found again after earlier corrections, and after their undo where it still fits", () => {
    const first = word(100, "eigen value", "eigenvalue");
    const second = word(300, "lunch", "Lanczos");
    const text = "the eigen value lunch here";
    expect(texts(correctTranscript(whole(text), [first, second]).words)).toBe(
      "the eigenvalue Lanczos here",
    );
    expect(texts(correctTranscript(whole(text), [second]).words)).toBe(
      "the eigen value Lanczos here",
    );
  });

  test("does not move to a neighbour with its text when the correction before it is undone", () => {
    const first = word(0, "foo", "the");
    const second = word(0, "the", "a");
    const text = "foo bar the end";
    expect(texts(correctTranscript(whole(text), [first, second]).words)).toBe("a bar the end");
    expect(correctTranscript(whole(text), [second])).toMatchObject({ changes: {} });
  });

  test("changes the right one of equal words with one start, as times in whole seconds have", () => {
    const words = ["the", "the", "the", "cat"].map((text) => ({
      text,
      start_ms: 1_000,
      end_ms: 1_000,
    }));
    const transcript = { segments: [{ start_ms: 0, end_ms: 2_000, text: texts(words) }], words };
    const place = findWords(words, 1, "the")!;
    expect(place).toEqual({ start_ms: 1_000, nth_at_start: 1 });
    const middle = word(place.start_ms, "the", "a", place.nth_at_start);
    const last = word(1_000, "the", "b", findWords(words, 2, "the")!.nth_at_start);
    expect(correctTranscript(transcript, [middle]).segments[0]!.text).toBe("the a the cat");
    const { segments, words: corrected } = correctTranscript(transcript, [middle, last]);
    expect([segments[0]!.text, texts(corrected)]).toEqual(["the a b cat", "the a b cat"]);
  });

  test("counts the words of the segments when there are no times of words", () => {
    const transcript = {
      segments: [
        { start_ms: 0, end_ms: 1_000, text: "the cry\nlove space" },
        { start_ms: 1_000, end_ms: 2_000, text: "is cry love" },
      ],
      words: [],
    };
    const place = findWords(correctableWords(transcript), 5, "cry love")!;
    const { segments, words } = correctTranscript(transcript, [
      word(place.start_ms, "cry love", "Krylov"),
    ]);
    expect(segments.map(({ text }) => text)).toEqual(["the cry\nlove space", "is Krylov"]);
    expect(words).toEqual([]);
  });

  test("is refused where the words differ", () => {
    const words = spoken("the eigen value here");
    expect(findWords(words, 1, "eigen value")).toEqual({ start_ms: 100, nth_at_start: 0 });
    for (const [index, text] of [
      [0, "eigen value"],
      [1, "value"],
      [3, "here now"],
      [9, "x"],
    ] as const) {
      expect(findWords(words, index, text)).toBeNull();
    }
  });
});

test("an hour with 300 places is corrected in a fraction of a second", () => {
  const words = spoken(
    Array.from({ length: 12_000 }, (_, i) => ["eigen", "value"][i % 40] ?? `w${i % 97}`).join(" "),
  );
  const segments = Array.from({ length: 1_000 }, (_, i) => {
    const part = words.slice(i * 12, i * 12 + 12);
    return { start_ms: part[0]!.start_ms, end_ms: part.at(-1)!.end_ms, text: texts(part) };
  });
  const { changes, words: corrected } = correctTranscript({ segments, words }, [
    rule("eigen value", "eigenvalue"),
  ]);
  expect(Object.values(changes)).toEqual([300]);
  expect(corrected).toHaveLength(11_700);
});
