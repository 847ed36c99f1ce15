import { expect, setDefaultTimeout, test } from "bun:test";
import { updateAsset } from "../../src/db/access/releases";
import { assignSlides } from "../../src/db/alignment/slide-assignments";
import { withholdHidden } from "../../src/db/chat/withheld-citations";
import { SEES_ALL, type Viewer } from "../../src/principal";
import { readCounterparts } from "../../src/retrieval/counterparts";
import { searchCourse } from "../../src/retrieval/search";
import { withDatabase } from "../support/database";
import { createCourse } from "../support/factories";
import {
  alignDue,
  insertChunks,
  insertDeck,
  insertTalk,
  makeDeck,
  speakAbout,
} from "../support/talks";

setDefaultTimeout(60_000);

const db = await withDatabase();
const STUDENT: Viewer = { owner: null, seesUnreleased: false };
const LATER = "2099-01-01T00:00:00Z";
const pages = makeDeck(3);

/** Page 1 is shown twice, before and after page 2. */
async function makeCourse() {
  const course_id = await createCourse(db);
  const deck = await insertDeck(db, course_id, pages);
  const segments = speakAbout([
    [1, 60],
    [2, 60],
    [1, 60],
    [3, 60],
  ]);
  const lecture = await insertTalk(db, course_id, segments);
  await insertChunks(db, course_id, lecture, segments, 30_000);
  await alignDue(db);
  return { course_id, deck, lecture };
}

const search = (course_id: string, page: number, source: "lectures" | "slides") =>
  searchCourse(
    { db, embedder: undefined as never },
    {
      course_id,
      viewer: STUDENT,
      query: pages[page - 1]!.title,
      top_k: 1,
      sources: [source],
      mode: "text",
    },
    new AbortController().signal,
  );

test("a passage of speech has the slide that is shown, in its citation too", async () => {
  const { course_id, deck } = await makeCourse();

  const [passage] = await search(course_id, 2, "lectures");

  expect(passage!.slide).toMatchObject({ document_id: deck, title: "deck.pdf", page_number: 2 });
  expect(passage!.slide!.url).toEndWith("/file#page=2");
  expect(passage!.slide!.confidence).toBeGreaterThan(0.1);
  expect(passage!.citation.slide).toEqual(passage!.slide!);
  expect(passage).not.toHaveProperty("moments");
});

test("a passage of a page has all moments at which it is shown", async () => {
  const { course_id, lecture } = await makeCourse();

  const [passage] = await search(course_id, 1, "slides");

  expect(passage!.moments).toMatchObject([
    { lecture_id: lecture, title: "A talk", start_ms: 0, end_ms: 60_000 },
    { lecture_id: lecture, start_ms: 120_000, end_ms: 180_000 },
  ]);
  expect(passage!.moments![1]!.url).toEndWith("/transcript/view?t=120#t=120");
  expect(passage!.citation.moments).toEqual(passage!.moments!);
});

test("of many moments, the longest are returned in order of time", async () => {
  const { deck, lecture } = await makeCourse();
  await db`delete from slide_spans where lecture_id = ${lecture}`;
  for (let i = 0; i < 8; i++) {
    await db`
      insert into slide_spans values
        (${lecture}, ${deck}, 1, ${i * 10_000}, ${i * 10_000 + 1_000 * (i + 1)}, 1, 'speech')`;
  }

  const [found] = await readCounterparts(db, SEES_ALL, [{ asset_id: deck, page_number: 1 }]);

  expect(found!.moments!.map(({ start_ms }) => start_ms / 10_000)).toEqual([3, 4, 5, 6, 7]);
});

test("hidden pages, hidden lectures and uncertain spans are no other half", async () => {
  const { course_id, deck, lecture } = await makeCourse();
  const places = [
    { asset_id: lecture, start_ms: 10_000 },
    { asset_id: deck, page_number: 1 },
  ];
  const kinds = async (viewer: Viewer) =>
    (await readCounterparts(db, viewer, places)).map((one) => Object.keys(one));
  expect(await kinds(STUDENT)).toEqual([["slide"], ["moments"]]);

  const hidden = [{ page_from: 1, page_to: 1, visible_from: LATER }];
  await updateAsset(db, "document", deck, { page_releases: hidden });
  expect(await kinds(STUDENT)).toEqual([[], []]);
  expect(await kinds(SEES_ALL)).toEqual([["slide"], ["moments"]]);
  await updateAsset(db, "document", deck, { page_releases: [] });

  await updateAsset(db, "lecture", lecture, { visible_from: LATER });
  expect((await kinds(STUDENT))[1]).toEqual([]);
  await updateAsset(db, "lecture", lecture, { visible_from: null });

  const other = await insertDeck(db, course_id, makeDeck(3, 1));
  await assignSlides(db, lecture, [other]);
  await alignDue(db);
  expect(await kinds(SEES_ALL)).toEqual([[], []]);
});

test("an old citation keeps its quote and loses a slide or moments that are hidden since", async () => {
  const { deck, lecture } = await makeCourse();
  const [ofMoment] = await readCounterparts(db, STUDENT, [{ asset_id: lecture, start_ms: 70_000 }]);
  const [ofPage] = await readCounterparts(db, STUDENT, [{ asset_id: deck, page_number: 3 }]);
  const citations = [
    // Cites a moment over page 1, and page 2 as its slide.
    {
      asset_id: lecture,
      start_ms: 10_000,
      end_ms: 20_000,
      quote: "speech",
      url: "/a",
      ...ofMoment,
    },
    { asset_id: deck, page_number: 3, quote: "page", url: "/b", ...ofPage },
  ];
  const read = async () =>
    (await withholdHidden(db, STUDENT, [{ metadata: { citations } }]))[0]!.metadata.citations!;
  expect(await read()).toEqual(citations);

  await updateAsset(db, "document", deck, {
    page_releases: [{ page_from: 2, page_to: 2, visible_from: LATER }],
  });
  expect(await read()).toEqual([
    { asset_id: lecture, start_ms: 10_000, end_ms: 20_000, quote: "speech", url: "/a" },
    citations[1]!,
  ]);

  await updateAsset(db, "document", deck, { page_releases: [] });
  await updateAsset(db, "lecture", lecture, { visible_from: LATER });
  const [first, second] = (await read()) as Record<string, unknown>[];
  expect(first).toMatchObject({ withheld: true, url: null });
  expect(first).not.toHaveProperty("slide");
  expect(second).toEqual({ asset_id: deck, page_number: 3, quote: "page", url: "/b" });
});
