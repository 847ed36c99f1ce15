import { expect, setDefaultTimeout, test } from "bun:test";
import { updateAsset } from "../../src/db/access/releases";
import { assignSlides } from "../../src/db/alignment/slide-assignments";
import type { Viewer } from "../../src/principal";
import { SEES_ALL } from "../../src/principal";
import { findForQuestion } from "../../src/retrieval/search";
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

/** A word that only the deck has on each page, and one that only the speech has over each page. */
const SLIDE_WORDS = ["okapi", "quokka", "numbat"];
const SPOKEN_WORDS = ["zither", "bassoon", "ocarina"];

async function makeCourse() {
  const course_id = await createCourse(db);
  const pages = makeDeck(3).map((page, i) => ({ ...page, text: `${SLIDE_WORDS[i]} ${page.text}` }));
  const deck = await insertDeck(db, course_id, pages);
  const segments = speakAbout([
    [1, 60],
    [2, 60],
    [3, 60],
  ]).map((segment, i) => ({
    ...segment,
    text: `${SPOKEN_WORDS[Math.floor(i / 12)]} ${segment.text}`,
  }));
  const lecture = await insertTalk(db, course_id, segments);
  await insertChunks(db, course_id, lecture, segments, 30_000);
  await alignDue(db);
  return { course_id, deck, lecture, segments };
}

/** The chunks that have the word, as [chunk_index, lexemes of their own]. */
async function find(
  course_id: string,
  query: string,
  source: "lectures" | "slides",
  viewer = STUDENT,
) {
  const request = {
    course_ids: [course_id],
    viewer,
    query,
    top_k: 10,
    sources: [source],
    mode: "text" as const,
  };
  const { candidates } = await findForQuestion(
    { db, embedder: undefined as never },
    request,
    new AbortController().signal,
  );
  return candidates.map(({ chunk_index }) => chunk_index).sort();
}

test("a word of a slide finds the speech over it, and a spoken word finds the slide", async () => {
  const { course_id } = await makeCourse();

  expect(await find(course_id, "quokka", "lectures")).toEqual([2, 3]);
  expect(await find(course_id, "bassoon", "slides")).toEqual([1]);
});

test("content, own search words and coverage are unchanged", async () => {
  const { course_id, lecture } = await makeCourse();
  const [chunk] = await db<{ content: string; own: boolean; context: boolean }[]>`
    select content, tsv @@ 'quokka' as own, context_tsv @@ 'quokka' as context
    from lecture_chunks where lecture_id = ${lecture} and chunk_index = 2`;
  expect(chunk).toMatchObject({ own: false, context: true });
  expect(chunk!.content).not.toContain("quokka");

  const { candidates } = await findForQuestion(
    { db, embedder: undefined as never },
    {
      course_ids: [course_id],
      viewer: STUDENT,
      query: "quokka",
      top_k: 1,
      sources: ["lectures"],
      mode: "text",
    },
    new AbortController().signal,
  );
  expect(candidates[0]!.lexemes).toEqual([]);
});

test("words of a hidden page, deck or lecture lead to nothing for students", async () => {
  const { course_id, deck, lecture } = await makeCourse();
  const both = async (viewer: Viewer) => [
    await find(course_id, "quokka", "lectures", viewer),
    await find(course_id, "bassoon", "slides", viewer),
  ];
  const visible = [[2, 3], [1]];
  expect(await both(STUDENT)).toEqual(visible);

  const hidden = [{ page_from: 2, page_to: 2, visible_from: LATER }];
  await updateAsset(db, "document", deck, { page_releases: hidden });
  // Also without the rule that hides the speech over hidden pages.
  await db`update slide_spans set confidence = 0 where lecture_id = ${lecture}`;
  expect(await both(STUDENT)).toEqual([[], []]);
  expect(await both(SEES_ALL)).toEqual(visible);
  await updateAsset(db, "document", deck, { page_releases: [] });
  expect(await both(STUDENT)).toEqual(visible);

  await updateAsset(db, "document", deck, { visible_from: LATER });
  expect(await both(STUDENT)).toEqual([[], []]);
  await updateAsset(db, "document", deck, { visible_from: null });

  await updateAsset(db, "lecture", lecture, { visible_from: LATER });
  expect(await both(STUDENT)).toEqual([[], []]);
  expect(await both(SEES_ALL)).toEqual(visible);
});

test("a deleted lecture or deck adds no words, before and after the next alignment", async () => {
  const first = await makeCourse();
  await db`update lectures set deleted_at = now() where id = ${first.lecture}`;
  expect(await find(first.course_id, "bassoon", "slides")).toEqual([]);
  await alignDue(db);
  const [left] = await db`
    select count(context_tsv)::int as chunks from slide_chunks where document_id = ${first.deck}`;
  expect(left).toEqual({ chunks: 0 });

  const second = await makeCourse();
  await db`update documents set deleted_at = now() where id = ${second.deck}`;
  expect(await find(second.course_id, "quokka", "lectures")).toEqual([]);
  await alignDue(db);
  const [kept] = await db`
    select count(context_tsv)::int as chunks from lecture_chunks where lecture_id = ${second.lecture}`;
  expect(kept).toEqual({ chunks: 0 });
});

test("a deck that the lecture does not speak adds no words, even when a teacher assigns it", async () => {
  const { course_id, lecture } = await makeCourse();
  const foreign = makeDeck(3, 1).map((page) => ({ ...page, text: `narwhal ${page.text}` }));
  const other = await insertDeck(db, course_id, foreign);
  await assignSlides(db, lecture, [other]);
  await alignDue(db);

  expect(await find(course_id, "narwhal", "lectures")).toEqual([]);
  expect(await find(course_id, "quokka", "lectures")).toEqual([]);
  expect(await find(course_id, "bassoon", "slides")).toEqual([]);
});

test("a personal lecture adds no words to the course's deck", async () => {
  const { course_id, lecture } = await makeCourse();
  const [user] = await db<{ id: string }[]>`
    insert into users (issuer, subject) values ('test', 'owner') returning id`;
  const { id } = user!;
  await db`update lectures set owner_id = ${id} where id = ${lecture}`;
  expect(await find(course_id, "bassoon", "slides")).toEqual([]);
  await alignDue(db);

  expect(await find(course_id, "bassoon", "slides", SEES_ALL)).toEqual([]);
  const own: Viewer = { owner: id, seesUnreleased: false };
  expect(await find(course_id, "quokka", "lectures", own)).toEqual([2, 3]);
});

test("several lectures add their words to one deck; speech across the end of a span is left out", async () => {
  const { course_id, deck } = await makeCourse();
  const segments = speakAbout([
    [1, 60],
    [2, 60],
  ]).map((segment, i) => ({ ...segment, text: `${i < 12 ? "marimba" : "oboe"} ${segment.text}` }));
  const second = await insertTalk(db, course_id, segments);
  await insertChunks(db, course_id, second, segments, 30_000);
  await alignDue(db);

  expect(await find(course_id, "bassoon", "slides")).toEqual([1]);
  expect(await find(course_id, "oboe", "slides")).toEqual([1]);
  expect(await find(course_id, "marimba", "slides")).toEqual([0]);
  const [span] = await db<{ spoken_words: string }[]>`
    select spoken_words from slide_spans
    where document_id = ${deck} and page_number = 1 and lecture_id = ${second}`;
  expect(span!.spoken_words).not.toContain("oboe");
});
