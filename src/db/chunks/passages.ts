import pgvector from "pgvector";
import type { Sql } from "../client";

/** Where a course is searched. A kind of source that is left out is not searched. */
export type Scope = {
  course_id: string;
  lectures?: { ids?: string[] | undefined; from_ms?: number; to_ms?: number } | undefined;
  slides?: { ids?: string[] | undefined; page_from?: number; page_to?: number } | undefined;
};

/** What a question looks like to the database; either leg may be missing. */
export type Probe = {
  /** The question by each model whose vectors it is to be compared with. */
  embeddings: { model: string; vector: number[] }[];
  /** As asked; empty leaves the words out. */
  text: string;
};

export type Candidate = {
  chunk_id: string;
  source: "lectures" | "slides";
  asset_id: string;
  chunk_index: number;
  /** Of a document; null for speech. */
  page_number: number | null;
  /** Whose vector the chunk has. */
  model: string | null;
  /** Cosine distance to the question, 0 to 2, lower is closer; null without a vector to compare. */
  distance: number | null;
  /** Full-text score, higher is better, comparable within one answer only; null when no word matched. */
  text_score: number | null;
};

/** Candidates of each leg, whatever the number of passages wanted: so that more is only ever longer. */
const CANDIDATES = 100;
/** Distinct words of a question that are looked up. */
const MOST_WORDS = 64;

/**
 * The chunks of a course that come closest to a question, by meaning and by words, in one statement.
 *
 * The scan by meaning is exact and stays inside the course: `+ 0` keeps the planner from an index
 * across courses, which would find too few of this one. Vectors are compared within their model only.
 *
 * Words are looked up in the language that each chunk is written in. PostgreSQL's own ranks know
 * nothing of how rare a word is, so each word is ranked by itself and weighed by its rarity among the
 * chunks of its language: BM25's formula over what the index answers anyway.
 */
export async function findCandidates(sql: Sql, scope: Scope, probe: Probe): Promise<Candidate[]> {
  const models = probe.embeddings.map(({ model }) => model);
  const vectors = probe.embeddings.map(({ vector }) => pgvector.toSql(vector));

  const rows = await sql<Candidate[]>`
    with question as materialized (
      select model, vector::vector as embedding
      from unnest(${models}::text[], ${vectors}::text[]) as asked (model, vector)
    ),
    chunk as not materialized (${chunksIn(sql, scope)}),
    by_meaning as (
      select nearest.* from question cross join lateral (
        select c.id, (c.embedding <=> question.embedding) + 0 as distance
        from chunk c where c.embedding_model = question.model
        order by distance, c.id limit ${CANDIDATES}
      ) nearest
    ),
    word as materialized (
      select used.text_config, used.chunks, lexeme,
             ('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''')::tsquery as query
      from (
        select text_config, count(*)::float8 as chunks from (${languagesIn(sql, scope)}) chunk
        group by text_config
      ) used
      cross join lateral (
        select lexeme from unnest(to_tsvector(used.text_config, ${probe.text}))
        order by positions[1], lexeme limit ${MOST_WORDS}
      ) asked
    ),
    any_word as materialized (
      select text_config, string_agg(query::text, ' | ')::tsquery as query from word group by text_config
    ),
    spoken as materialized (
      -- || unpacks a stored vector once for all the words it is asked about.
      select c.id, c.text_config, c.tsv || ''::tsvector as tsv
      from any_word join chunk c on c.text_config = any_word.text_config and c.tsv @@ any_word.query
    ),
    matching as (
      -- 1: divided by the logarithm of the chunk's length.
      select spoken.id, ts_rank(spoken.tsv, word.query, 1) as frequency, word.chunks,
             count(*) over (partition by word.text_config, word.lexeme)::float8 as matches
      from spoken join word on word.text_config = spoken.text_config and spoken.tsv @@ word.query
    ),
    by_words as (
      select id, sum(frequency * ln(1 + (chunks - matches + 0.5) / (matches + 0.5))) as text_score
      from matching group by id order by text_score desc, id limit ${CANDIDATES}
    )
    select c.id as chunk_id, c.source, c.asset_id, c.chunk_index, c.page_number,
           c.embedding_model as model,
           -- A chunk found by its words still has its distance to the question.
           coalesce(m.distance, c.embedding <=> question.embedding) as distance, w.text_score
    from by_meaning m full join by_words w on w.id = m.id
    -- offset 0: looked up one by one, not by reading the course again.
    cross join lateral (select * from chunk where chunk.id = coalesce(m.id, w.id) offset 0) c
    left join question on question.model = c.embedding_model
    order by c.id`;
  return [...rows];
}

/** What can be searched: the chunks of the scope whose asset is not deleted. */
function chunksIn(sql: Sql, { course_id, lectures, slides }: Scope) {
  const ofLectures = sql`
    select c.id, 'lectures' as source, c.lecture_id as asset_id, c.chunk_index,
           null::int as page_number,
           c.embedding_model, c.embedding, c.text_config, c.tsv
    from lecture_chunks c join lectures a on a.id = c.lecture_id
    where c.course_id = ${course_id} and a.deleted_at is null
      ${lectures?.ids ? sql`and c.lecture_id = any(${lectures.ids}::uuid[])` : sql``}
      ${lectures?.from_ms === undefined ? sql`` : sql`and c.end_ms > ${lectures.from_ms}`}
      ${lectures?.to_ms === undefined ? sql`` : sql`and c.start_ms < ${lectures.to_ms}`}`;
  const ofSlides = sql`
    select c.id, 'slides' as source, c.document_id as asset_id, c.chunk_index, c.page_number,
           c.embedding_model, c.embedding, c.text_config, c.tsv
    from slide_chunks c join documents a on a.id = c.document_id
    where c.course_id = ${course_id} and a.deleted_at is null
      ${slides?.ids ? sql`and c.document_id = any(${slides.ids}::uuid[])` : sql``}
      ${slides?.page_from === undefined ? sql`` : sql`and c.page_end >= ${slides.page_from}`}
      ${slides?.page_to === undefined ? sql`` : sql`and c.page_number <= ${slides.page_to}`}`;
  if (lectures && slides) return sql`${ofLectures} union all ${ofSlides}`;
  return lectures ? ofLectures : ofSlides;
}

/** The language of each chunk of the scope; of a whole course an index knows, deleted assets included. */
function languagesIn(sql: Sql, { course_id, lectures, slides }: Scope) {
  const filters = Object.values({ ...lectures, ...slides });
  if (filters.some((filter) => filter !== undefined)) return sql`select text_config from chunk`;
  const ofLectures = sql`select text_config from lecture_chunks where course_id = ${course_id}`;
  const ofSlides = sql`select text_config from slide_chunks where course_id = ${course_id}`;
  if (lectures && slides) return sql`${ofLectures} union all ${ofSlides}`;
  return lectures ? ofLectures : ofSlides;
}

/** What is shown of a chunk. */
export type FoundChunk = {
  chunk_id: string;
  content: string;
  metadata: Record<string, unknown>;
  title: string | null;
  /** Of a lecture: where to seek; `panopto_url` opens its viewer. */
  start_ms: number | null;
  end_ms: number | null;
  panopto_url: string | null;
  /** Of a document. */
  page_number: number | null;
  page_end: number | null;
};

/** Chunks that were found, in no order; those deleted meanwhile are missing. */
export async function readChunks(sql: Sql, ids: string[]): Promise<FoundChunk[]> {
  if (ids.length === 0) return [];
  return sql<FoundChunk[]>`
    select c.id as chunk_id, c.content, c.metadata, a.title, c.start_ms, c.end_ms, a.panopto_url,
           null::int as page_number, null::int as page_end
    from lecture_chunks c join lectures a on a.id = c.lecture_id
    where c.id = any(${ids}::uuid[]) and a.deleted_at is null
    union all
    select c.id, c.content, c.metadata, coalesce(a.title, a.filename), null, null, null,
           c.page_number, c.page_end
    from slide_chunks c join documents a on a.id = c.document_id
    where c.id = any(${ids}::uuid[]) and a.deleted_at is null`;
}

/**
 * The models that the chunks of a course are embedded with: two at most, the first and the last by
 * name, because these an index answers without reading the course.
 */
export async function listCourseModels(sql: Sql, course_id: string): Promise<string[]> {
  const rows = await sql<{ model: string }[]>`
    select model from (
      select min(embedding_model) as model from lecture_chunks where course_id = ${course_id}
      union select max(embedding_model) from lecture_chunks where course_id = ${course_id}
      union select min(embedding_model) from slide_chunks where course_id = ${course_id}
      union select max(embedding_model) from slide_chunks where course_id = ${course_id}
    ) used where model is not null order by model`;
  return rows.map(({ model }) => model);
}
