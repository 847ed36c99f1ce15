import { expect, setDefaultTimeout, test } from "bun:test";
import type { FoundPassages } from "../../../src/chat/agent/cited-passages";
import { CitedPassages } from "../../../src/chat/agent/cited-passages";
import { createCourseTools } from "../../../src/chat/agent/tools";
import { updateAsset } from "../../../src/db/access/releases";
import { assignSlides } from "../../../src/db/alignment/slide-assignments";
import type { Viewer } from "../../../src/principal";
import { withDatabase } from "../../support/database";
import { createCourse } from "../../support/factories";
import {
  alignDue,
  insertChunks,
  insertDeck,
  insertTalk,
  makeDeck,
  speakAbout,
} from "../../support/talks";

setDefaultTimeout(60_000);

const db = await withDatabase();
const STUDENT: Viewer = { owner: null, seesUnreleased: false };
const LATER = "2099-01-01T00:00:00Z";
const pages = makeDeck(3);

/** Page 1 is shown twice; its printed number is i. A chunk reaches over the border at 90 s. */
async function makeCourse() {
  const course_id = await createCourse(db);
  const deck = await insertDeck(db, course_id, pages);
  await db`
    update slide_descriptions set metadata = metadata || '{"label": "i"}'
    where document_id = ${deck} and page_number = 1`;
  const segments = speakAbout([
    [1, 50],
    [2, 60],
    [1, 60],
    [3, 60],
  ]);
  const lecture = await insertTalk(db, course_id, segments);
  await insertChunks(db, course_id, lecture, segments, 40_000);
  await alignDue(db);
  return { course_id, deck, lecture };
}

async function run(course_id: string, name: string, input: object): Promise<FoundPassages> {
  const course = { db, embedder: undefined as never, course_id, viewer: STUDENT };
  const tool = createCourseTools(course).find((one) => one.name === name)!;
  const parsed = tool.inputSchema.parse(input);
  return (await tool.execute(parsed, new AbortController().signal)) as FoundPassages;
}

test("the part about a slide: every moment at which it is shown, with links that open there", async () => {
  const { course_id, deck } = await makeCourse();

  const { passages, note } = await run(course_id, "find_moments", {
    document_id: deck,
    page_number: "i",
  });

  expect(note).toBeUndefined();
  // The longer moment, 110 to 170 s, comes first.
  expect(passages.map(({ start_ms, end_ms }) => [start_ms! / 1_000, end_ms! / 1_000])).toEqual([
    [110, 120],
    [120, 160],
    [160, 170],
    [0, 40],
    [40, 50],
  ]);
  expect(passages[0]!.url).toEndWith("/transcript/view?t=110#t=110");
  expect(passages.every(({ slide }) => slide?.page_number === 1)).toBe(true);
});

test("the slide at a moment, with the other moments at which it is shown", async () => {
  const { course_id, deck, lecture } = await makeCourse();

  const { passages } = await run(course_id, "find_slide", { lecture_id: lecture, time_ms: 75_000 });
  expect(passages).toMatchObject([
    {
      source: "slides",
      asset_id: deck,
      page_number: 2,
      quote: pages[1]!.text,
      moments: [{ lecture_id: lecture, start_ms: 50_000, end_ms: 110_000 }],
    },
  ]);
  const after = await run(course_id, "find_slide", { lecture_id: lecture, time_ms: 9_000_000 });
  expect(after.passages).toEqual([]);
});

test("speech that is read has the slide that is shown, and a page has its moments", async () => {
  const { course_id, deck, lecture } = await makeCourse();

  const span = { lecture_id: lecture, start_ms: 180_000, end_ms: 190_000 };
  expect((await run(course_id, "read_transcript", span)).passages[0]!.slide!.page_number).toBe(1);
  const page = { document_id: deck, page_number: 3 };
  expect((await run(course_id, "read_page", page)).passages[0]!.moments).toHaveLength(1);
});

test("an uncertain slide is read with a note", async () => {
  const { course_id, lecture } = await makeCourse();
  const other = await insertDeck(db, course_id, makeDeck(3, 1));
  await assignSlides(db, lecture, [other]);
  await alignDue(db);

  const found = await run(course_id, "find_slide", { lecture_id: lecture, time_ms: 75_000 });

  expect(found.passages[0]!.asset_id).toBe(other);
  expect(new CitedPassages([]).present(found).note).toContain("not sure");
});

test("hidden pages, other courses and pages that do not exist have no moments", async () => {
  const { course_id, deck, lecture } = await makeCourse();
  const elsewhere = await createCourse(db);
  const find = async (course: string, page_number: number) =>
    (await run(course, "find_moments", { document_id: deck, page_number })).passages.length;
  const shown = async (course: string) =>
    (await run(course, "find_slide", { lecture_id: lecture, time_ms: 75_000 })).passages.length;
  expect([await find(course_id, 2), await shown(course_id)]).toEqual([2, 1]);
  expect([await find(elsewhere, 2), await shown(elsewhere)]).toEqual([0, 0]);
  expect(await find(course_id, 4)).toBe(0);

  const hidden = [{ page_from: 2, page_to: 2, visible_from: LATER }];
  await updateAsset(db, "document", deck, { page_releases: hidden });
  expect([await find(course_id, 2), await shown(course_id)]).toEqual([0, 0]);
  await updateAsset(db, "document", deck, { page_releases: [] });
  await updateAsset(db, "lecture", lecture, { visible_from: LATER });
  expect([await find(course_id, 2), await shown(course_id)]).toEqual([0, 0]);
});
