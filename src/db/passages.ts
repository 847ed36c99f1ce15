import pgvector from "pgvector";
import type { Sql } from "./client";

/** Where a course is searched. */
export type Scope = {
  course_id: string;
  /** Assets to stay within; all of the course's when left out. */
  asset_ids?: string[] | undefined;
};

export type Candidate = {
  chunk_id: string;
  asset_id: string;
  chunk_index: number;
  content: string;
  metadata: Record<string, unknown>;
  title: string | null;
  /** Of a lecture: where to seek; `panopto_url` opens its viewer. */
  start_ms?: number;
  end_ms?: number;
  panopto_url?: string | null;
  /** Of a document. */
  page_number?: number;
  page_end?: number;
  /** Cosine distance to the question, 0 to 2, lower is closer; null when only words matched. */
  distance: number | null;
  /** Full-text rank, higher is better; null when no word matched. */
  text_rank: number | null;
};

/** What a question looks like to the database; either leg may be missing. */
export type Probe = {
  embedding: { vector: number[]; model: string } | null;
  /** Words of the question, any of which may match. */
  words: string[];
  limit: number;
};

/**
 * The best candidates of one kind of source, by meaning and by words, in one statement.
 *
 * The scan by meaning is exact and stays inside the course: `+ 0` keeps the planner from an index
 * across courses, which would find too few of this one. Full text asks each chunk in the language it
 * is written in. Only vectors of the question's own model are compared.
 */
export function findCandidates(
  sql: Sql,
  source: "lectures" | "slides",
  scope: Scope,
  probe: Probe,
): Promise<Candidate[]> {
  const lecture = source === "lectures";
  const chunks = lecture ? sql`lecture_chunks` : sql`slide_chunks`;
  const parents = lecture ? sql`lectures` : sql`documents`;
  const parent = lecture ? sql`lecture_id` : sql`document_id`;
  const place = lecture
    ? sql`c.start_ms, c.end_ms, p.panopto_url, p.title`
    : sql`c.page_number, c.page_end, coalesce(p.title, p.filename) as title`;
  const within = sql`
    c.course_id = ${scope.course_id} and p.deleted_at is null
    ${scope.asset_ids ? sql`and p.id = any(${scope.asset_ids}::uuid[])` : sql``}`;
  // websearch_to_tsquery never fails on what people type, and `or` lets any word count.
  const question = probe.words.map((word) => `"${word}"`).join(" or ");
  const vector = probe.embedding ? pgvector.toSql(probe.embedding.vector) : null;
  const model = probe.embedding?.model ?? null;

  return sql<Candidate[]>`
    with question as (select ${vector}::vector as embedding),
    by_meaning as (
      select c.id, c.embedding <=> question.embedding as distance, null::real as text_rank
      from question, ${chunks} c join ${parents} p on p.id = c.${parent}
      where ${vector}::text is not null and ${within} and c.embedding_model = ${model}
      order by (c.embedding <=> question.embedding) + 0, c.id
      limit ${probe.limit}
    ),
    by_words as (
      select c.id, null::float8 as distance, ts_rank_cd(c.tsv, asked.query, 1) as text_rank
      from (
        select config, websearch_to_tsquery(config, ${question}) as query
        from (select distinct text_config as config from ${chunks} where course_id = ${scope.course_id}) used
      ) asked
      join ${chunks} c on c.text_config = asked.config and c.tsv @@ asked.query
      join ${parents} p on p.id = c.${parent}
      where ${question} <> '' and ${within}
      order by text_rank desc, c.id
      limit ${probe.limit}
    ),
    found as (
      select id, min(distance) as distance, max(text_rank) as text_rank
      from (select * from by_meaning union all select * from by_words) legs group by id
    )
    select c.id as chunk_id, p.id as asset_id, c.chunk_index, c.content, c.metadata, ${place},
           -- A passage found by its words still has its distance to the question.
           coalesce(found.distance, case when c.embedding_model = ${model}
             then c.embedding <=> question.embedding end) as distance,
           found.text_rank
    from question, found join ${chunks} c on c.id = found.id join ${parents} p on p.id = c.${parent}
    order by c.id`;
}
