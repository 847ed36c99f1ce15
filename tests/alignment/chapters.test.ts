import { expect, test } from "bun:test";
import {
  pageTitles,
  statedTitles,
  type TitledSpan,
  toChapters,
  withoutHiddenTitles,
} from "../../src/alignment/chapters";
import type { ShownSpan } from "../../src/db/alignment/slide-spans";

/** Spans of these titles and seconds, one after the other. */
function shown(...visits: [title: string, seconds: number][]): TitledSpan[] {
  let now = 0;
  return visits.map(([title, seconds], i) => {
    const start_ms = now;
    now += seconds * 1_000;
    const place = { document_id: "deck", page_number: i + 1, confidence: 0.5 };
    return { title, start_ms, end_ms: now, ...place };
  });
}
const inSeconds = (spans: readonly TitledSpan[], seconds = spans.at(-1)!.end_ms / 1_000) =>
  toChapters(spans, seconds * 1_000).map(({ title, start_ms, end_ms }) => [
    title,
    start_ms / 1_000,
    end_ms / 1_000,
  ]);

test("the parts of a continued slide are one chapter, with the title without the mark", () => {
  for (const [first, second] of [
    ["Sorting (1/2)", "Sorting (2/2)"],
    ["Sorting", "Sorting (cont.)"],
    ["Sorting", "SORTING – continued"],
    ["Sorting 1/2", "Sorting 2 of 2"],
    ["Sorting", "Sorting (Fortsetzung)"],
    ["Sorting (1)", "Sorting (2)"],
  ] as [string, string][]) {
    expect(inSeconds(shown([first, 40], [second, 40], ["Trees", 40]))).toEqual([
      ["Sorting", 0, 80],
      ["Trees", 80, 120],
    ]);
  }
  expect(inSeconds(shown(["Integers mod (2)", 40], ["(1/2)", 40], ["Part 2", 40]))).toEqual([
    ["Integers mod (2)", 0, 40],
    ["(1/2)", 40, 80],
    ["Part 2", 80, 120],
  ]);
});

test("a short slide belongs to the chapter before it, and a short first slide to the one after it", () => {
  expect(
    inSeconds(shown(["Welcome", 10], ["Heaps", 60], ["Joke", 29], ["Heaps", 60], ["Trees", 30])),
  ).toEqual([
    ["Heaps", 0, 159],
    ["Trees", 159, 189],
  ]);
  expect(inSeconds(shown(["A", 10], ["B", 10], ["C", 10]))).toEqual([["A", 0, 30]]);
});

test("chapters cover the lecture from 0 to its end, also where no slide is known", () => {
  const [heaps, , trees] = shown(["Heaps", 60], ["unknown", 60], ["Trees", 60]);
  const late = { ...heaps!, start_ms: 20_000 };

  expect(inSeconds([late, trees!], 200)).toEqual([
    ["Heaps", 0, 120],
    ["Trees", 120, 200],
  ]);
  expect(toChapters([], 60_000)).toEqual([]);
  expect(toChapters([{ ...trees!, title: "" }], 200_000)).toEqual([]);
});

test("a chapter has its first page and the mean confidence of its time", () => {
  const [a, b] = shown(["Heaps (1/2)", 30], ["Heaps (2/2)", 90]);

  const [chapter] = toChapters([a!, { ...b!, confidence: 0.9 }], 120_000);

  expect(chapter).toMatchObject({ document_id: "deck", page_number: 1 });
  expect(chapter!.confidence).toBeCloseTo(0.8);
});

test("a page without a title gives its first line, and uncertain spans give nothing", () => {
  const span = { start_ms: 0, end_ms: 60_000, document_id: "d", page_number: 1 } as ShownSpan;
  const titles = pageTitles(
    [
      { ...span, confidence: 0.2, page_title: null, page_text: "12\n  Red  black trees\nmore" },
      { ...span, confidence: 0.2, page_title: "x".repeat(500), page_text: null },
      { ...span, confidence: 0.2, page_title: null, page_text: "The agenda The agenda\nmore" },
      { ...span, confidence: 0.05, page_title: "Uncertain", page_text: null },
    ],
    0.1,
  ).map(({ title }) => title);

  expect(titles).toEqual(["Red black trees", `${"x".repeat(119)}…`, "The agenda"]);
});

test("titles that a recording states last until the next change, without those of hidden pages", () => {
  const changes = [
    { time_ms: 60_000, caption: "The secret: part 1" },
    { time_ms: 0, caption: "Heaps" },
    { time_ms: 120_000, caption: "Trees" },
  ];
  const visible = withoutHiddenTitles(changes, [{ title: "The secret", text: "" }]);

  expect(inSeconds(statedTitles(visible, 180_000))).toEqual([
    ["Heaps", 0, 120],
    ["Trees", 120, 180],
  ]);
  expect(inSeconds(statedTitles(changes, 180_000)).map(([title]) => title)).toEqual([
    "Heaps",
    "The secret: part 1",
    "Trees",
  ]);
});
