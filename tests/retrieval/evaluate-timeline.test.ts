import { expect, setDefaultTimeout, test } from "bun:test";
import { insertCourse } from "../../src/db/courses";
import { evaluateTimelineSearch } from "../../src/retrieval/evaluate-timeline";
import { withDatabase } from "../support/database";
import { makeDeck, speakAbout, type Visit } from "../support/talks";

setDefaultTimeout(90_000);

const db = await withDatabase();

/** Texts of similar length are similar, so the words decide. */
const embedder = {
  model: "length",
  dimensions: 1536,
  maxTokens: 400,
  countTokens: (text: string) => text.split(/\s+/).length,
  embed: async (texts: string[]) => ({
    embeddings: texts.map((text) => [text.length, 1_000, ...Array(1_534).fill(0)]),
  }),
} as never;

/** The titles have words that nobody speaks. */
function labelledTalk(deck: number, visits: Visit[]) {
  const pages = makeDeck(4, deck).map(({ text }, i) => ({
    page_number: i + 1,
    text: `Heading${deck}x${i} unspoken${deck}x${i}\n${text}`,
  }));
  const segments = speakAbout(visits, deck);
  let end = 0;
  const labels = visits.map(([page, seconds]) => ({ page, end_ms: (end += seconds * 1_000) }));
  return { file: `talk-${deck}.json`, lecture: { pages, segments, labels } };
}

const lectures = [0, 1].map((deck) =>
  labelledTalk(deck, [
    [1, 120],
    [2, 120],
    [3, 120],
    [4, 120],
  ]),
);

test("titles that are not spoken find their moments with the timeline only", async () => {
  const course = await insertCourse(db, { name: "Evaluation" });
  const { signal } = new AbortController();

  const report = await evaluateTimelineSearch(course.id, lectures, {
    db,
    embedder,
    signal,
    say: () => {},
  });

  expect(report).toMatchObject({ lectures: 2, default_weight: 0.3 });
  const { questions, all, tuning, held_out } = report.kinds.title_to_moment;
  expect(questions).toBe(8);
  expect(all[0]).toMatchObject({ mode: "text", without: { mean: 0 }, enriched: { mean: 1 } });
  expect(all[0]!.gain).toEqual({ mean: 1, low: 1, high: 1 });
  expect(tuning).toHaveLength(12);
  expect(held_out.length).toBeGreaterThanOrEqual(2);
});

test("a cancelled evaluation asks nothing", async () => {
  const course = await insertCourse(db, { name: "Cancelled" });
  const stop = AbortSignal.abort(new Error("stopped"));
  const evaluation = evaluateTimelineSearch(course.id, lectures, {
    db,
    embedder,
    signal: stop,
    say: () => {},
  });
  await expect(evaluation).rejects.toThrow("stopped");
});
