import { beforeAll, expect, test } from "bun:test";
import { findCandidates } from "../../../src/db/chunks/candidates";
import { refreshWordCounts } from "../../../src/db/chunks/word-counts";
import { SEES_ALL, type Viewer } from "../../../src/principal";
import { addDocument, direction } from "../../support/corpus";
import { withDatabase } from "../../support/database";
import { createCourse } from "../../support/factories";

const db = await withDatabase();
let course_id = "";

/** 2 100 chunks: w2 is in every second one, w700 in every 700th. */
beforeAll(async () => {
  course_id = await createCourse(db);
  const { id } = await addDocument(db, course_id, []);
  await db`
    insert into slide_chunks (document_id, course_id, chunk_index, page_number, page_end, content, text_config)
    select ${id}, ${course_id}, n, n + 1, n + 1,
           concat('the ', (select string_agg('w' || d, ' ') from generate_series(2, 700) d where n % d = 0)), 'english'
    from generate_series(1, 2100) n where n > 1`;
});

const find = async (
  text: string,
  course_ids: string[] | null = [course_id],
  viewer: Viewer = SEES_ALL,
) => {
  const scope = { course_ids, viewer, lectures: {}, slides: {} };
  const { candidates, terms } = await findCandidates(db, scope, { embeddings: [], text });
  const byScore = candidates.toSorted(
    (a, b) => b.text_score! - a.text_score! || (a.chunk_id < b.chunk_id ? -1 : 1),
  );
  return { ids: byScore.map(({ chunk_id }) => chunk_id), terms };
};
const QUESTIONS = ["w2 w3 w40 w233 w600", "w2 w3 w30", "w30 w60 w90 w110", "w700", "w2 unheard"];
const countOf = async (lexeme: string, course: string | null) => {
  const [row] = await db<{ chunks: number }[]>`
    select chunks from word_counts where lexeme = ${lexeme} and course_id is not distinct from ${course}`;
  return row?.chunks;
};

test("counted words change what is ranked, and not what is found first", async () => {
  const before = await Promise.all(QUESTIONS.map((text) => find(text)));
  expect(await refreshWordCounts(db)).toBe(2);
  expect(await countOf("w2", course_id)).toBe(1_050);
  expect(await countOf("w700", course_id)).toBeUndefined();
  const after = await Promise.all(QUESTIONS.map((text) => find(text)));

  for (const [i, { ids, terms }] of after.entries()) {
    expect([QUESTIONS[i], ids.slice(0, 10)]).toEqual([QUESTIONS[i], before[i]!.ids.slice(0, 10)]);
    expect([QUESTIONS[i], ids.length]).toEqual([QUESTIONS[i], before[i]!.ids.length]);
    expect(terms).toEqual(before[i]!.terms);
  }
  expect((await find("w2 w3 w40 w233 w600", null)).ids.slice(0, 3)).toEqual(
    before[0]!.ids.slice(0, 3),
  );
});

test("a frequent word is looked up if the chunks with the rarer words are hidden", async () => {
  const student = { owner: null, seesUnreleased: false };
  await db`
    insert into page_releases (document_id, page_from, page_to, visible_from)
    select document_id, page_number, page_number, now() + interval '1 day'
    from slide_chunks where course_id = ${course_id} and chunk_index % 20 = 0`;

  expect(await countOf("w20", course_id)).toBe(105);
  expect((await find("w2 w20", [course_id], student)).ids).toHaveLength(100);
  expect((await find("w20", [course_id], student)).ids).toEqual([]);

  // The chunks close by meaning have the frequent word too, but not the best score by words.
  await db`
    update slide_chunks set embedding = ${JSON.stringify(direction(1))}, embedding_model = 'test:plane'
    where course_id = ${course_id} and chunk_index % 12 = 0`;
  const scope = { course_ids: [course_id], viewer: student, lectures: {}, slides: {} };
  const embeddings = [{ model: "test:plane", vector: direction(1) }];
  const { candidates } = await findCandidates(db, scope, { embeddings, text: "w2 w20" });
  const both = candidates.map(({ chunk_id }) => chunk_id);
  const { ids } = await find("w2 w20", [course_id], student);
  expect(both).toEqual(expect.arrayContaining(ids.slice(0, 10)));
  await db`delete from page_releases`;
});

test("the chunks of the main language are those of the last count, and other languages are found at once", async () => {
  expect(await countOf("", course_id)).toBe(2_099);
  expect(await countOf("", null)).toBeUndefined();
  const german = await addDocument(db, course_id, [
    { content: "Die Kapazitäten des Kanals", text_config: "german" },
    { content: "Die Kapazität", text_config: "german" },
  ]);
  const english = await addDocument(db, course_id, [{ content: "w700 again" }]);

  const { ids, terms } = await find("Kapazität");
  expect(ids.toSorted()).toEqual(german.chunk_ids.toSorted());
  expect(terms[0]).toMatchObject({ matches: 2 });
  const rare = await find("w700");
  expect(rare.ids).toContain(english.chunk_ids[0]!);
  expect(rare.terms[0]).toMatchObject({ chunks: 2_099, matches: 4 });
  await db`delete from documents where id in (${german.id}, ${english.id})`;
});

test("a course is counted again after a tenth of its chunks changed, and not before", async () => {
  expect(await refreshWordCounts(db)).toBe(0);
  await db`delete from slide_chunks where course_id = ${course_id} and chunk_index > 1800`;

  expect(await refreshWordCounts(db)).toBe(2);
  expect(await countOf("w2", course_id)).toBe(900);
  expect(await countOf("w2", null)).toBe(900);

  await db`delete from courses where id = ${course_id}`;
  expect(await countOf("w2", course_id)).toBeUndefined();
  expect(await refreshWordCounts(db)).toBe(1);
  expect(await countOf("w2", null)).toBeUndefined();
});
