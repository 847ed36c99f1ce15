import type { Sql } from "../client";
import { ofCourses } from "../page";
import { modelsOf } from "./search-scope";

/** A chunk as shown to clients. */
export type FoundChunk = {
  chunk_id: string;
  course_id: string;
  content: string;
  metadata: Record<string, unknown>;
  title: string | null;
  /** Lectures only: the position to seek; `viewer_url` opens the recording. */
  start_ms: number | null;
  end_ms: number | null;
  viewer_url: string | null;
  /** Documents only. */
  filename: string | null;
  page_number: number | null;
  page_end: number | null;
  /** The version that the chunk quotes: the SHA-256 of the PDF or of the transcript. */
  sha256: string | null;
  /** The timeline shows slides of the lecture, or pages of the document. */
  has_timeline: boolean;
};

/** Reads found chunks, in no order; chunks deleted since then are missing. */
export async function readChunks(sql: Sql, ids: string[]): Promise<FoundChunk[]> {
  if (ids.length === 0) return [];
  return sql<FoundChunk[]>`
    select c.id as chunk_id, c.course_id, c.content, c.metadata, a.title, c.start_ms, c.end_ms,
           coalesce(a.panopto_url, a.media_url) as viewer_url, null::text as filename,
           null::int as page_number, null::int as page_end, t.sha256,
           exists (select from slide_spans s where s.lecture_id = a.id) as has_timeline
    from lecture_chunks c join lectures a on a.id = c.lecture_id
    left join lecture_transcripts t on t.lecture_id = a.id
    where c.id = any(${ids}::uuid[]) and a.deleted_at is null
    union all
    select c.id, c.course_id, c.content, c.metadata, coalesce(a.title, a.filename), null, null, null,
           a.filename, c.page_number, c.page_end, a.sha256,
           exists (select from slide_spans s where s.document_id = a.id)
    from slide_chunks c join documents a on a.id = c.document_id
    where c.id = any(${ids}::uuid[]) and a.deleted_at is null`;
}

/** The texts of slide chunks, to compare them with each other. In no particular order. */
export async function readSlideTexts(
  sql: Sql,
  ids: string[],
): Promise<{ chunk_id: string; content: string; uploaded_ms: number }[]> {
  return sql<{ chunk_id: string; content: string; uploaded_ms: number }[]>`
    select c.id as chunk_id, c.content,
           (extract(epoch from d.created_at) * 1000)::float8 as uploaded_ms
    from slide_chunks c join documents d on d.id = c.document_id
    where c.id = any(${ids}::uuid[])`;
}

/** The embedding models of the chunks of the courses, null for all courses. An index gives them without reading the chunks. */
export async function listCourseModels(
  sql: Sql,
  course_ids: readonly string[] | null,
): Promise<string[]> {
  const rows = await sql<{ model: string }[]>`
    select distinct model from courses cross join lateral (${modelsOf(sql, sql`courses.id`)}) used
    where model is not null ${ofCourses(sql, course_ids, "courses.id")} order by model`;
  return rows.map(({ model }) => model);
}
