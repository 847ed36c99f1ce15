import type { Sql } from "./client";
import type { JobKind } from "./jobs/jobs";

/** A place that answers a question: pages of a document, or a part of a lecture. */
export type GoldPlace =
  | { asset_id: string; pages: number[] }
  | { asset_id: string; start_ms: number; end_ms: number };

/** A question about a term: what contains the term answers it. */
export type TermQuestion = { question: string; term: string };

/** A question that a model wrote about a passage of an asset. */
export type WrittenQuestion = TermQuestion & {
  /** `term` has the words of the passage that answer it; this is their place. */
  place: GoldPlace;
};

export type StoredQuestion = TermQuestion & {
  id: string;
  /** Only of a question that a model wrote. */
  place: GoldPlace | null;
};

/**
 * Replaces the questions of a lecture or a document about terms, and removes questions of a model whose answer is not at
 * its place any more. A question that the asset had before keeps its id, so that exams before and after are compared.
 * Personal and deleted assets get none.
 */
export async function replaceTermQuestions(
  sql: Sql,
  kind: JobKind,
  asset_id: string,
  questions: readonly TermQuestion[],
): Promise<void> {
  const { assets, asset, chunks } = TABLES[kind];
  const isAtPlace =
    kind === "lecture"
      ? sql`c.start_ms < (e.place ->> 'end_ms')::float8 and c.end_ms > (e.place ->> 'start_ms')::float8`
      : sql`exists (select from jsonb_array_elements_text(e.place -> 'pages') page
                    where page::integer between c.page_number and c.page_end)`;
  await sql`
    with wanted as (
      select question, term
      from jsonb_to_recordset(${sql.json(questions as never)}) as q (question text, term text)
    ),
    removed as (
      delete from exam_questions e
      where ${sql(asset)} = ${asset_id} and case
        when place is null then (question, term) not in (select question, term from wanted)
        else not exists (select from ${sql(chunks)} c
                         where c.${sql(asset)} = ${asset_id} and position(e.term in c.content) > 0
                           and ${isAtPlace}) end)
    insert into exam_questions (course_id, ${sql(asset)}, question, term)
    select a.course_id, a.id, w.question, w.term
    from ${sql(assets)} a, wanted w
    where a.id = ${asset_id} and a.deleted_at is null and a.owner_id is null
      and (w.question, w.term) not in (
        select question, term from exam_questions where ${sql(asset)} = ${asset_id} and place is null)`;
}

/** Adds questions of a model about an asset. Deleted assets get none. */
export async function insertWrittenQuestions(
  sql: Sql,
  kind: JobKind,
  asset_id: string,
  questions: readonly WrittenQuestion[],
): Promise<void> {
  const { assets, asset } = TABLES[kind];
  await sql`
    insert into exam_questions (course_id, ${sql(asset)}, question, term, place)
    select a.course_id, a.id, q.question, q.term, q.place
    from ${sql(assets)} a,
         jsonb_to_recordset(${sql.json(questions as never)}) as q (question text, term text, place jsonb)
    where a.id = ${asset_id} and a.deleted_at is null and a.owner_id is null`;
}

const TABLES = {
  lecture: { assets: "lectures", asset: "lecture_id", chunks: "lecture_chunks" },
  document: { assets: "documents", asset: "document_id", chunks: "slide_chunks" },
} as const;

/** A published chunk with its place. */
export type ExamPassage = { text: string; place: GoldPlace };

/** The published chunks of an asset, in order. */
export async function listExamPassages(
  sql: Sql,
  kind: JobKind,
  asset_id: string,
): Promise<ExamPassage[]> {
  if (kind === "lecture") {
    return sql<ExamPassage[]>`
      select content as text,
             jsonb_build_object('asset_id', lecture_id, 'start_ms', start_ms, 'end_ms', end_ms) as place
      from lecture_chunks where lecture_id = ${asset_id} order by chunk_index`;
  }
  return sql<ExamPassage[]>`
    select content as text, jsonb_build_object('asset_id', document_id, 'pages', (
             select jsonb_agg(page) from generate_series(page_number, page_end) page)) as place
    from slide_chunks where document_id = ${asset_id} order by chunk_index`;
}

/** The assets of a course that an exam can ask about. */
const completeAssets = (sql: Sql, course_id: string) => sql`
  select 'lecture' as kind, id from lectures
  where course_id = ${course_id} and deleted_at is null and owner_id is null and status = 'completed'
  union all
  select 'document', id from documents
  where course_id = ${course_id} and deleted_at is null and owner_id is null and status = 'completed'`;

/** An asset of a course that a model can write questions about. */
export type AssetToAsk = { kind: JobKind; id: string; has_written: boolean };

/** The complete assets of a course, at most `limit`: always the same ones, as if drawn by lot. */
export async function listAssetsToAsk(
  sql: Sql,
  course_id: string,
  limit: number,
): Promise<AssetToAsk[]> {
  return sql<AssetToAsk[]>`
    select a.kind, a.id, exists (
             select from exam_questions q
             where a.id in (q.lecture_id, q.document_id) and q.place is not null) as has_written
    from (${completeAssets(sql, course_id)}) a
    order by md5(a.id::text) limit ${limit}`;
}

/** The texts of an asset's published chunks, with the titles of pages, in order. */
export async function listAssetTexts(
  sql: Sql,
  kind: JobKind,
  asset_id: string,
): Promise<{ text: string; title: string | null }[]> {
  if (kind === "lecture") {
    return sql`
      select content as text, null::text as title from lecture_chunks
      where lecture_id = ${asset_id} order by chunk_index`;
  }
  return sql`
    select content as text, metadata ->> 'title' as title from slide_chunks
    where document_id = ${asset_id} order by chunk_index`;
}

/** The complete assets of a course without questions, such as those that were ingested by an earlier version. */
export async function listAssetsWithoutQuestions(
  sql: Sql,
  course_id: string,
): Promise<{ kind: JobKind; id: string }[]> {
  return sql`
    select a.kind, a.id from (${completeAssets(sql, course_id)}) a
    where not exists (select from exam_questions q where a.id in (q.lecture_id, q.document_id))`;
}

/**
 * The questions of a course about terms, and those that a model wrote, at most `limit` of each: always the same ones,
 * spread over its assets.
 */
export async function listExamQuestions(
  sql: Sql,
  course_id: string,
  limit: number,
): Promise<StoredQuestion[]> {
  return sql<StoredQuestion[]>`
    select id, question, term, place from (
      select question.*, row_number() over (partition by place is null order by md5(lower(term)), id) as number
      from (
        select distinct on (lower(q.term)) q.id, q.question, q.term, q.place
        from exam_questions q
        left join lectures l on l.id = q.lecture_id
        left join documents d on d.id = q.document_id
        where q.course_id = ${course_id} and coalesce(l.deleted_at, d.deleted_at) is null
        order by lower(q.term), q.id
      ) question
    ) numbered
    where number <= ${limit} order by place is null, number`;
}

/** The corrected words of a course: their right spelling is a term that search must find. */
export async function listCorrectedTerms(
  sql: Sql,
  course_id: string,
): Promise<{ id: string; term: string }[]> {
  return sql`
    select distinct on (lower(replacement)) id, replacement as term from transcript_corrections
    where course_id = ${course_id} and owner_id is null and undone_at is null
      and length(replacement) >= 4
    order by lower(replacement), seq`;
}

export type RatedQuestion = {
  /** Of the rating. */
  id: string;
  question: string;
  /** The citations that the person rated as good, or those of the good answer. */
  citations: {
    number?: number;
    asset_id?: string;
    page_number?: number;
    start_ms?: number;
    end_ms?: number;
  }[];
};

/**
 * The questions of well rated answers of a course, the newest first, with their citations of material that everyone
 * in the course has and that is not deleted: another place cannot be found again. Of equal questions, the first rating
 * stays: each question is paid for once, and exams compare it by that id.
 */
export async function listWellRated(
  sql: Sql,
  course_id: string,
  limit: number,
): Promise<RatedQuestion[]> {
  return sql<RatedQuestion[]>`
    select id, question, citations from (
    select distinct on (lower(trim(normalize(f.question))))
           f.id, f.question, f.created_at, coalesce((
      select jsonb_agg(c.citation) from jsonb_array_elements(f.metadata -> 'citations') c (citation)
      where (f.citation is null or (c.citation ->> 'number')::int = f.citation)
        and c.citation ->> 'asset_id' in (
          select id::text from lectures where course_id = ${course_id} and deleted_at is null and owner_id is null
          union all
          select id::text from documents where course_id = ${course_id} and deleted_at is null and owner_id is null)
    ), '[]') as citations
    from message_feedback f join chat_sessions s on s.id = f.session_id
    where s.course_id = ${course_id} and f.rating = 'up'
    order by lower(trim(normalize(f.question))), f.created_at, f.id
    ) rated
    order by created_at desc, id limit ${limit}`;
}

/**
 * The pages and the segments of speech of a course that contain each term, by the term; upper and lower case are
 * equal. A term without a place is missing.
 */
export async function findTermPlaces(
  sql: Sql,
  course_id: string,
  terms: readonly string[],
): Promise<Map<string, GoldPlace[]>> {
  const rows = await sql<{ term: string; places: GoldPlace[] }[]>`
    with term as materialized (
      select term, lower(term) as needle from unnest(${terms}::text[]) as asked (term)
    ),
    page as materialized (
      select p.document_id, p.page_number,
             lower(coalesce(p.metadata ->> 'title', '') || E'\n' || p.normalized_description) as text
      from documents d join slide_descriptions p on p.document_id = d.id
      where d.course_id = ${course_id} and d.deleted_at is null and d.owner_id is null
    ),
    spoken as materialized (
      select t.lecture_id, (s.segment ->> 'start_ms')::float8 as start_ms,
             (s.segment ->> 'end_ms')::float8 as end_ms, lower(s.segment ->> 'text') as text
      from lectures l join lecture_transcripts t on t.lecture_id = l.id
      cross join lateral jsonb_array_elements(t.word_segments -> 'segments') s (segment)
      where l.course_id = ${course_id} and l.deleted_at is null and l.owner_id is null
    ),
    place as (
      select term.term, jsonb_build_object(
               'asset_id', page.document_id, 'pages', jsonb_agg(page.page_number order by page.page_number)) as place
      from term join page on position(term.needle in page.text) > 0
      group by term.term, page.document_id
      union all
      select term.term, jsonb_build_object(
               'asset_id', spoken.lecture_id, 'start_ms', spoken.start_ms, 'end_ms', spoken.end_ms)
      from term join spoken on position(term.needle in spoken.text) > 0
    )
    select term, jsonb_agg(place) as places from place group by term`;
  return new Map(rows.map(({ term, places }) => [term, places]));
}
