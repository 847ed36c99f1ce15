import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { listSlideSpans } from "../../src/db/alignment/slide-spans";
import { SEES_ALL } from "../../src/principal";
import { withDatabase } from "../support/database";
import { postFile } from "../support/http";
import { openLectureWork } from "../support/lecture-work";
import { alignDue, insertDeck, makeDeck, speakAbout, type Visit } from "../support/talks";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
afterAll(() => lab.close());

// Lectures for which systems that group speech by slide numbers store wrong times.
const LECTURES: [string, Visit[]][] = [
  [
    "a slide that returns before another one",
    [
      [1, 100],
      [2, 100],
      [1, 100],
      [3, 100],
    ],
  ],
  [
    "a slide that returns at the end",
    [
      [1, 100],
      [2, 100],
      [1, 100],
    ],
  ],
  [
    "a title slide at the start and the end",
    [
      [1, 10],
      [2, 125],
      [3, 125],
      [1, 10],
    ],
  ],
  [
    "two slides between three visits of another",
    [
      [1, 40],
      [2, 45],
      [1, 30],
      [3, 45],
      [1, 40],
    ],
  ],
  [
    "twenty short slides before a long one",
    [...Array.from({ length: 20 }, (_, i): Visit => [i + 1, 50]), [21, 200]],
  ],
];

test.each(LECTURES)(
  "%s: each span and each chunk has the time in which it is spoken",
  async (_, visits) => {
    const segments = speakAbout(visits);
    const deck = await insertDeck(db, lab.course_id, makeDeck(Math.max(...visits.map(([p]) => p))));
    const file = {
      name: "talk.json",
      bytes: new TextEncoder().encode(JSON.stringify({ segments })),
    };
    const fields = { course_id: lab.course_id, title: "A talk" };
    const response = await lab.app.handle(postFile("/api/lectures/transcript", fields, file));
    const { lecture_id } = (await response.json()) as { lecture_id: string };
    expect(await lab.workOnce()).toBe("done");
    await alignDue(db);

    const spans = await listSlideSpans(db, lecture_id, SEES_ALL);
    expect(
      spans.map(({ page_number, start_ms, end_ms }) => [page_number, (end_ms - start_ms) / 1_000]),
    ).toEqual(visits);

    const chunks = await db<{ content: string; start_ms: number; end_ms: number }[]>`
    select content, start_ms, end_ms from lecture_chunks where lecture_id = ${lecture_id}`;
    expect(chunks.length).toBeGreaterThan(1);
    for (const { content, start_ms, end_ms } of chunks) {
      const spoken = segments.filter((one) => one.start_ms < end_ms && one.end_ms > start_ms);
      expect([start_ms, end_ms]).toEqual([spoken[0]!.start_ms, spoken.at(-1)!.end_ms]);
      for (const { text } of spoken) expect(content).toContain(text);
    }
    await db`update documents set deleted_at = now() where id = ${deck}`;
  },
);
