import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateAlignment, readLabelledLectures } from "../../src/alignment/evaluate";
import { withDatabase } from "../support/database";

const db = await withDatabase();
const { signal } = new AbortController();

const TOPICS = [
  "Entropy measures the uncertainty of a random source.",
  "Huffman trees assign shorter codewords to frequent symbols.",
  "Hamming distance tells how many errors a decoder corrects.",
];

/** Each visit is ten sentences of five seconds about one page. */
function lectureOf(visits: number[]) {
  const sentences = visits.flatMap((page) => Array.from({ length: 10 }, () => page));
  return {
    pages: TOPICS.map((text, i) => ({ page_number: i + 1, text })),
    segments: sentences.map((page, i) => ({
      start_ms: i * 5_000,
      end_ms: (i + 1) * 5_000,
      text: TOPICS[page - 1]!,
    })),
    labels: sentences.map((page, i) => ({ end_ms: (i + 1) * 5_000, page })),
  };
}

async function folderWith(files: Record<string, unknown>) {
  const folder = await mkdtemp(join(tmpdir(), "alignment-"));
  for (const [name, content] of Object.entries(files)) {
    await Bun.write(join(folder, name), JSON.stringify(content));
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test("scores each file and means over files; a slide that returns is found again", async () => {
  const mislabelled = lectureOf([1, 2]);
  for (const label of mislabelled.labels.slice(0, 5)) label.page = 3;
  for (const label of mislabelled.labels.slice(5, 10)) label.page = -1;
  await using given = await folderWith({
    "a.json": lectureOf([1, 2, 1, 3]),
    "b.json": mislabelled,
    "notes.txt": "not a lecture",
  });

  const report = await evaluateAlignment(db, await readLabelledLectures(given.folder), signal);

  expect(report.files).toEqual([
    { file: "a.json", exact: 1, within_1: 1 },
    { file: "b.json", exact: 10 / 15, within_1: 10 / 15 },
  ]);
  expect(report.exact).toBeCloseTo((1 + 10 / 15) / 2, 10);
});

test("stops when it is cancelled", async () => {
  await using given = await folderWith({ "a.json": lectureOf([1]) });
  const lectures = await readLabelledLectures(given.folder);
  const stopped = evaluateAlignment(db, lectures, AbortSignal.abort(new Error("stopped")));

  await expect(stopped).rejects.toThrow("stopped");
});

test.each([
  [
    "labels that name no page",
    { ...lectureOf([1]), labels: [{ end_ms: 1, page: -1 }] },
    "no label",
  ],
  ["no pages", { ...lectureOf([1]), pages: [] }, "pages"],
  ["a time after 500 hours", { ...lectureOf([1]), labels: [{ end_ms: 1e14, page: 1 }] }, "end_ms"],
  [
    "a text in place of a time",
    { ...lectureOf([1]), labels: [{ end_ms: "1", page: 1 }] },
    "end_ms",
  ],
])("a file with %s is named with its problem", async (_, lecture, problem) => {
  await using given = await folderWith({ "bad.json": lecture });

  const error = await readLabelledLectures(given.folder).catch((error) => error);

  expect(error).toMatchObject({
    errorCode: "evaluation_set_invalid",
    details: { path: join(given.folder, "bad.json"), problem: expect.stringContaining(problem) },
  });
});

test("a lecture without length has no right sentence, and one of many segments is measured", async () => {
  const still = {
    pages: [{ page_number: 1, text: "entropy" }],
    segments: [{ start_ms: 0, end_ms: 0, text: "entropy" }],
    labels: [{ end_ms: 0, page: 1 }],
  };
  // More than a function call has arguments.
  const labels = Array.from({ length: 200_000 }, (_, i) => ({ end_ms: i + 1, page: 1 }));
  const long = {
    ...still,
    segments: [{ start_ms: 0, end_ms: 200_000, text: "entropy" }],
    labels,
  };
  await using given = await folderWith({ "long.json": long, "still.json": still });

  const { files } = await evaluateAlignment(db, await readLabelledLectures(given.folder), signal);

  expect(files).toEqual([
    { file: "long.json", exact: 1, within_1: 1 },
    { file: "still.json", exact: 0, within_1: 0 },
  ]);
});

test("a folder without lectures, or none at all, is an error", async () => {
  await using given = await folderWith({});

  for (const folder of [given.folder, join(given.folder, "missing")]) {
    await expect(readLabelledLectures(folder)).rejects.toMatchObject({
      errorCode: "evaluation_set_invalid",
    });
  }
});
