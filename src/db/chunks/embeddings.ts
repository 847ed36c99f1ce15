import pgvector from "pgvector";
import type { Sql } from "../client";
import { modelsOf } from "./search-scope";

/** One course, or all of them. */
export type Reach = { course_id: string | null };

export type ModelCount = { model: string; chunks: number };

/** Counts the embedded chunks of one course or of all courses by model, most chunks first. */
export async function countEmbeddings(sql: Sql, { course_id }: Reach): Promise<ModelCount[]> {
  return sql<ModelCount[]>`
    select embedding_model as model, count(*)::int as chunks
    from (${chunks(sql, course_id)}) chunk group by embedding_model order by chunks desc, model`;
}

/**
 * The courses that have embedded chunks of another model, by name. Reads the ends of an index for each language of a
 * course and no chunks, so its time does not depend on their number.
 *
 * @param course_id  one course; null: all
 */
export async function listCoursesWithOtherModel(
  sql: Sql,
  course_id: string | null,
  model: string,
): Promise<{ id: string; name: string }[]> {
  return sql`
    select id, name from courses
    where exists (select from (${modelsOf(sql, sql`courses.id`)}) used where model <> ${model})
      ${course_id ? sql`and id = ${course_id}` : sql``}
    order by name, id`;
}

export type WaitingChunk = { id: string; course_id: string; content: string };

/** The next chunks without a vector of this model, active or inactive. */
export async function listWaiting(
  sql: Sql,
  { course_id }: Reach,
  model: string,
  limit: number,
): Promise<WaitingChunk[]> {
  return sql<WaitingChunk[]>`
    select c.id, c.course_id, c.content from (${chunks(sql, course_id)}) c
    where c.embedding_model <> ${model} and ${hasNoInactive(sql, model)}
    order by c.course_id, c.id limit ${limit}`;
}

export async function countWaiting(sql: Sql, { course_id }: Reach, model: string): Promise<number> {
  const [row] = await sql<{ waiting: number }[]>`
    select count(*)::int as waiting from (${chunks(sql, course_id)}) c
    where c.embedding_model <> ${model} and ${hasNoInactive(sql, model)}`;
  return row!.waiting;
}

/** Chunks with a vector of any model. The pipeline embeds all others. */
const chunks = (sql: Sql, course_id: string | null) => sql`
  select id, course_id, content, embedding_model from lecture_chunks
  where embedding is not null ${course_id ? sql`and course_id = ${course_id}` : sql``}
  union all
  select id, course_id, content, embedding_model from slide_chunks
  where embedding is not null ${course_id ? sql`and course_id = ${course_id}` : sql``}`;

const hasNoInactive = (sql: Sql, model: string) => sql`
  not exists (select from inactive_embeddings s
              where s.chunk_id = c.id and s.embedding_model = ${model}
                and s.content_md5 = md5(c.content))`;

/** Stores inactive vectors for a later switch; skips chunks that were deleted since. */
export async function saveInactiveEmbeddings(
  sql: Sql,
  model: string,
  batch: (WaitingChunk & { embedding: number[] })[],
): Promise<void> {
  const ids = batch.map(({ id }) => id);
  const contents = batch.map(({ content }) => content);
  const vectors = batch.map(({ embedding }) => pgvector.toSql(embedding));
  await sql`
    insert into inactive_embeddings (chunk_id, course_id, embedding_model, embedding, content_md5)
    select fresh.id, c.course_id, ${model}, fresh.vector::halfvec, md5(fresh.content)
    from unnest(${ids}::uuid[], ${contents}::text[], ${vectors}::text[]) as fresh (id, content, vector)
    join (select id, course_id from lecture_chunks union all select id, course_id from slide_chunks) c
      on c.id = fresh.id
    on conflict (chunk_id, embedding_model) do update set
      embedding = excluded.embedding, content_md5 = excluded.content_md5, retired_at = null`;
}

/** Activates the inactive vectors of a model in one transaction; returns the number of changed chunks. */
export async function switchEmbeddings(
  sql: Sql,
  { course_id }: Reach,
  model: string,
): Promise<number> {
  const [row] = await sql<{ switched: number }[]>`
    select switch_embeddings(${course_id}::uuid, ${model}) as switched`;
  return row!.switched;
}

/** The model that the last switch replaced; null when its vectors are no longer stored. */
export async function findRetiredModel(sql: Sql, { course_id }: Reach): Promise<string | null> {
  const [row] = await sql<{ model: string }[]>`
    select embedding_model as model from inactive_embeddings
    where retired_at is not null ${course_id ? sql`and course_id = ${course_id}` : sql``}
    order by retired_at desc, embedding_model limit 1`;
  return row?.model ?? null;
}

/** Deletes the inactive vectors; returns their number. */
export async function deleteInactiveEmbeddings(sql: Sql, { course_id }: Reach): Promise<number> {
  const rows = await sql`
    delete from inactive_embeddings ${course_id ? sql`where course_id = ${course_id}` : sql``}`;
  return rows.count;
}
