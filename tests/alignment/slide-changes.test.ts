import { expect, test } from "bun:test";
import { captionShare, snapToChanges, statedSpans } from "../../src/alignment/slide-changes";

const PAGES = [
  { title: "Information Theory", text: "Information Theory\nSpring" },
  { title: "Entropy", text: "Entropy\nH(X)" },
  { title: "Example", text: "Example\na coin" },
  { title: "Channels", text: "Channels" },
  { title: "Example", text: "Example\na noisy channel" },
  { title: null, text: "Summary of today's lecture\nand the exercises" },
];
const HOUR = 3_600_000;
const pagesOf = (changes: Parameters<typeof statedSpans>[0]) =>
  statedSpans(changes, PAGES, HOUR).map(({ page, start_ms }) => [page, start_ms / 1_000]);

test("captions name pages, apart from case, blanks and punctuation", () => {
  expect(
    pagesOf([
      { time_ms: 0, caption: "INFORMATION  THEORY" },
      { time_ms: 60_000, caption: "1. Entropy".slice(3) },
      { time_ms: 90_000, caption: "Summary of today’s lecture and" },
    ]),
  ).toEqual([
    [0, 0],
    [1, 60],
    [5, 90],
  ]);
});

test("a slide that is shown again has two spans, and steps of one slide have one", () => {
  expect(
    pagesOf([
      { time_ms: 0, caption: "Entropy" },
      { time_ms: 10_000, caption: "Entropy" },
      { time_ms: 20_000, caption: "Channels" },
      { time_ms: 30_000, caption: "Entropy" },
    ]),
  ).toEqual([
    [1, 0],
    [3, 20],
    [1, 30],
  ]);
});

test("of pages with one title, the next one is shown", () => {
  expect(
    pagesOf([
      { time_ms: 0, caption: "Entropy" },
      { time_ms: 10_000, caption: "Example" },
      { time_ms: 20_000, caption: "Channels" },
      { time_ms: 30_000, caption: "Example" },
    ]),
  ).toEqual([
    [1, 0],
    [2, 10],
    [3, 20],
    [4, 30],
  ]);
});

test("numbers that agree with the captions decide among equal and missing titles", () => {
  expect(
    pagesOf([
      { time_ms: 0, caption: "Information Theory", sequence: 1 },
      { time_ms: 10_000, caption: "Example", sequence: 5 },
      { time_ms: 20_000, caption: "Entropy", sequence: 2 },
      { time_ms: 30_000, sequence: 6 },
    ]),
  ).toEqual([
    [0, 0],
    [4, 10],
    [1, 20],
    [5, 30],
  ]);
});

test("a caption that names no page leaves a gap", () => {
  expect(
    pagesOf([
      { time_ms: 0, caption: "Entropy" },
      { time_ms: 10_000, caption: "A video" },
      { time_ms: 20_000, caption: "Channels" },
    ]),
  ).toEqual([
    [1, 0],
    [null, 10],
    [3, 20],
  ]);
});

test("captions of another deck name no pages, although one title is the same", () => {
  const changes = ["Example", "Sorting", "Trees", "Graphs"].map((caption, i) => ({
    time_ms: i * 10_000,
    caption,
  }));

  expect(captionShare(changes, PAGES)).toBe(0);
  expect(statedSpans(changes, PAGES, HOUR)).toEqual([]);
  expect(captionShare([], PAGES)).toBe(0);
});

test("changes after the end of the recording are ignored", () => {
  const changes = [
    { time_ms: 2 * HOUR, caption: "Channels" },
    { time_ms: 0, caption: "Entropy" },
  ];

  expect(statedSpans(changes, PAGES, HOUR)).toEqual([{ page: 1, start_ms: 0, end_ms: HOUR }]);
});

test("times without captions move the borders of spans that are near", () => {
  const spans = [
    { page: 1, start_ms: 0, end_ms: 60_000 },
    { page: 2, start_ms: 60_000, end_ms: 120_000 },
    { page: 3, start_ms: 120_000, end_ms: 180_000 },
  ];
  const changes = [{ time_ms: 0 }, { time_ms: 52_000 }, { time_ms: 150_000 }];

  expect(snapToChanges(spans, changes).map(({ start_ms, end_ms }) => [start_ms, end_ms])).toEqual([
    [0, 52_000],
    [52_000, 120_000],
    [120_000, 180_000],
  ]);
});
