import { beforeAll, expect, test } from "bun:test";
import { refreshNearestIndexes } from "../../../src/db/chunks/nearest-index";
import { addDocument } from "../../support/corpus";
import { withDatabase } from "../../support/database";
import { createCourse } from "../../support/factories";

const db = await withDatabase();
const CHUNKS = 600;
const LEAST = 500;
let first = "";
let second = "";

/** Two courses; every second chunk is of the second one. Six groups of vectors with a little noise. */
beforeAll(async () => {
  first = await createCourse(db);
  second = await createCourse(db);
  for (const [n, course_id] of [first, second].entries()) {
    const { id } = await addDocument(db, course_id, []);
    await db`
      insert into slide_chunks (document_id, course_id, chunk_index, page_number, page_end, content,
                                embedding, embedding_model)
      select ${id}, ${course_id}, i, i + 1, i + 1, '',
             (select array_agg(sin(d * (i % 6 + 1)) + 0.3 * sin(d * 0.37 * i + ${n}::int))
              from generate_series(1, 1536) d)::halfvec, 'test:plane'
      from generate_series(1, ${CHUNKS / 2}::int) i`;
  }
});

const idle = new AbortController().signal;
const listsOf = async (table: string) => {
  const rows = await db<{ lists: number }[]>`
    select substring(array_to_string(c.reloptions, ',') from 'lists=(\\d+)')::int as lists
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = ${table}::regclass and c.relname like '%_nearest%'`;
  return rows.map(({ lists }) => lists);
};
const nearest = async (course_ids: string[] | null, exact: number, hides = false) => {
  const rows = await db<{ id: string }[]>`
    select n.id from slide_chunks asked, nearest_across_courses(
      'slide', ${course_ids}::text[]::uuid[], 'test:plane', asked.embedding, 10, ${exact}, ${!hides}, null, false) n
    where asked.course_id = ${first} and asked.chunk_index = 77 order by n.distance, n.id`;
  return rows.map(({ id }) => id);
};

test("the index is built when there are enough chunks, and used without losing the best ones", async () => {
  const exact = [await nearest(null, CHUNKS), await nearest([second], CHUNKS)];
  expect(await refreshNearestIndexes(db, idle, CHUNKS + 1)).toEqual([]);
  expect(await refreshNearestIndexes(db, idle, LEAST)).toEqual(["slide_chunks"]);
  expect(await listsOf("slide_chunks")).toEqual([Math.round(Math.sqrt(CHUNKS))]);

  expect([await nearest(null, 10), await nearest([second], 10)]).toEqual(exact);
  expect(exact[1]).toHaveLength(10);
});

test("hidden pages give way to the next ones", async () => {
  await db`
    insert into page_releases (document_id, page_from, page_to, visible_from)
    select distinct document_id, 1, 200, now() + interval '1 day' from slide_chunks where course_id = ${first}`;
  for (const exact of [CHUNKS, 10]) {
    const found = await nearest([first], exact, true);
    const [pages] = await db`
      select min(page_number) as first, count(*)::int as count from slide_chunks
      where id = any(${found}::text[]::uuid[])`;
    expect(found).toHaveLength(10);
    expect(pages!.first).toBeGreaterThan(200);
  }
  await db`delete from page_releases`;
});

test("deleted and hidden assets give way to the next chunks", async () => {
  const open = await nearest(null, 10, true);
  await db`update documents set visible_from = now() + interval '1 day' where course_id = ${first}`;
  const hidden = await nearest(null, 10, true);
  await db`update documents set deleted_at = now() where course_id = ${first}`;

  expect(open).not.toEqual(hidden);
  expect(hidden).toEqual(await nearest([second], CHUNKS));
  expect(await nearest(null, 10)).toEqual(hidden);
});

test("it is built again after a cancelled build and when its lists are too many, and removed from a small table", async () => {
  await db`drop index slide_chunks_nearest`;
  await expect(
    refreshNearestIndexes(db, AbortSignal.abort(new Error("stopped")), LEAST),
  ).rejects.toMatchObject({ errorCode: "cancelled" });
  await db`create index slide_chunks_nearest_new on slide_chunks (id)`;
  expect(await refreshNearestIndexes(db, idle, LEAST)).toEqual(["slide_chunks"]);
  expect(await listsOf("slide_chunks")).toEqual([24]);

  await db`delete from slide_chunks where chunk_index > 50`;
  expect(await refreshNearestIndexes(db, idle, 50)).toEqual(["slide_chunks"]);
  expect(await listsOf("slide_chunks")).toEqual([10]);
  expect(await refreshNearestIndexes(db, idle, 50)).toEqual([]);
  expect(await refreshNearestIndexes(db, idle, LEAST)).toEqual(["slide_chunks"]);
  expect(await listsOf("slide_chunks")).toEqual([]);
});
