import type { Viewer } from "../../principal";
import type { Segment, Word } from "../../text/transcript/transcript";
import { visibleAsset, visiblePages, visibleSpeech } from "../access/visibility";
import { lectureSeconds } from "../assets";
import type { Sql } from "../client";

/** A chunk read by its position instead of being found by a search. */
export type ReadChunk = {
  chunk_id: string;
  asset_id: string;
  title: string | null;
  content: string;
  start_ms?: number;
  end_ms?: number;
  viewer_url?: string | null;
  page_number?: number;
  /** The printed number of the page, if it differs. */
  page_label?: string | null;
  filename?: string;
  /** The version that the chunk quotes: the SHA-256 of the PDF or of the transcript. */
  sha256: string | null;
};

/** A course as one caller sees it. */
export type CourseView = { course_id: string; viewer: Viewer };

/**
 * The chunks of a lecture that overlap a time span, in order, without those over hidden pages. Empty for a
 * lecture of another course, and for a hidden one.
 */
export function readTranscriptChunks(
  sql: Sql,
  { course_id, viewer }: CourseView,
  { lecture_id, start_ms, end_ms }: { lecture_id: string; start_ms: number; end_ms: number },
  limit: number,
): Promise<ReadChunk[]> {
  return sql<ReadChunk[]>`
    select c.id as chunk_id, l.id as asset_id, l.title, c.content, c.start_ms, c.end_ms,
           coalesce(l.panopto_url, l.media_url) as viewer_url, t.sha256
    from lecture_chunks c join lectures l on l.id = c.lecture_id
    left join lecture_transcripts t on t.lecture_id = l.id
    where l.id = ${lecture_id} and l.course_id = ${course_id} and l.deleted_at is null
      ${visibleAsset(sql, viewer, "l")} ${visibleSpeech(sql, viewer, "c")}
      and c.start_ms < ${end_ms} and c.end_ms > ${start_ms}
    order by c.chunk_index limit ${limit}`;
}

/**
 * A page of a document: a position from 1, or text with a printed label, else a position. Of several
 * pages with the same label, as in slides that are built step by step, the last one is the fullest.
 */
export type NamedPage = { document_id: string; page: number | string };

/** The position of a named page of document `d`, or null. */
const positionOf = (sql: Sql, page: number | string) =>
  typeof page === "number"
    ? sql`${page}::int`
    : sql`coalesce(
        (select max(s.page_number) from slide_descriptions s
         where s.document_id = d.id and lower(s.metadata->>'label') = lower(${page})),
        case when ${page} ~ '^\\d{1,7}$' then ${page}::text::int end)`;

/** The position of a page, from 1; null if the course has no such page, or the viewer does not see it. */
export async function findPagePosition(
  sql: Sql,
  { course_id, viewer }: CourseView,
  { document_id, page }: NamedPage,
): Promise<number | null> {
  const [found] = await sql<{ page_number: number }[]>`
    select page.page_number
    from documents d cross join lateral (
      select d.id as document_id, ${positionOf(sql, page)} as page_number
    ) page
    where d.id = ${document_id} and d.course_id = ${course_id} and d.deleted_at is null
      and page.page_number between 1 and d.page_count
      ${visibleAsset(sql, viewer, "d")} ${visiblePages(sql, viewer, "page", "page_number")}`;
  return found?.page_number ?? null;
}

/** The chunks of one page of a document, in order. Empty for a document of another course. */
export function readPageChunks(
  sql: Sql,
  { course_id, viewer }: CourseView,
  { document_id, page }: NamedPage,
  limit: number,
): Promise<ReadChunk[]> {
  return sql<ReadChunk[]>`
    select c.id as chunk_id, d.id as asset_id, coalesce(d.title, d.filename) as title, d.filename,
           c.content, c.page_number, c.metadata->>'label' as page_label, d.sha256
    from slide_chunks c join documents d on d.id = c.document_id
    cross join lateral (select ${positionOf(sql, page)} as page_number) wanted
    where d.id = ${document_id} and d.course_id = ${course_id} and d.deleted_at is null
      ${visibleAsset(sql, viewer, "d")} ${visiblePages(sql, viewer, "c", "page_end")}
      and wanted.page_number between c.page_number and c.page_end
    order by c.chunk_index limit ${limit}`;
}

/** A part of a lecture's speech, in ms from its start. */
export type SpeechPart = { lecture_id: string; start_ms: number; end_ms: number };
export type SpokenText = { segments: Segment[]; words: Word[] };

/**
 * The segments and words that overlap parts of lectures, by lecture, in order. Lectures without a
 * transcript are missing.
 */
export async function readSpeech(
  sql: Sql,
  parts: readonly SpeechPart[],
): Promise<Map<string, SpokenText>> {
  if (parts.length === 0) return new Map();
  const rounded = parts.map(({ start_ms, end_ms, ...part }) => {
    return { ...part, start_ms: Math.floor(start_ms), end_ms: Math.ceil(end_ms) };
  });
  return speechAt(
    sql,
    sql`select * from jsonb_to_recordset(${sql.json(rounded)}) as part (lecture_id uuid, start_ms bigint, end_ms bigint)`,
  );
}

/** Like `readSpeech`, for the parts that chunks of lectures cover. Ids of other chunks are ignored. */
export async function readSpeechOfChunks(
  sql: Sql,
  ids: string[],
): Promise<Map<string, SpokenText>> {
  if (ids.length === 0) return new Map();
  return speechAt(
    sql,
    sql`select lecture_id, start_ms, end_ms from lecture_chunks where id = any(${ids}::uuid[])`,
  );
}

/**
 * One statement reads each transcript once, because unpacking a long one takes tens of milliseconds.
 *
 * @param parts a query of lecture_id, start_ms and end_ms, which are whole numbers
 */
async function speechAt(sql: Sql, parts: ReturnType<Sql>): Promise<Map<string, SpokenText>> {
  const rows = await sql<(SpokenText & { lecture_id: string })[]>`
    select t.lecture_id,
           jsonb_path_query_array(speech, ('$.segments[*] ? ' || wanted.filter)::jsonpath) as segments,
           jsonb_path_query_array(speech, ('$.words[*] ? ' || wanted.filter)::jsonpath) as words
    from (
      select lecture_id,
             '(' || string_agg(distinct format('(@.start_ms < %s && @.end_ms > %s)', end_ms, start_ms), ' || ') || ')'
               as filter
      from (${parts}) part group by lecture_id
    ) wanted
    join lecture_transcripts t on t.lecture_id = wanted.lecture_id
    -- || unpacks the stored value once for both paths.
    cross join lateral (select t.word_segments || '{}' as speech offset 0) unpacked`;
  return new Map(rows.map(({ lecture_id, ...spoken }) => [lecture_id, spoken]));
}

export type PageText = { page_number: number; label: string | null; content: string };

/**
 * The texts of a range of pages, ordered by page: first chunks of a single page, then whole pages. A
 * replaced version has only whole pages.
 *
 * @param sha256 the version that is quoted; undefined: the current one
 */
export function readPageTexts(
  sql: Sql,
  { document_id, sha256 }: { document_id: string; sha256: string | undefined },
  page_number: number,
  page_end: number,
): Promise<PageText[]> {
  return sql<PageText[]>`
    with document as (
      select id, sha256, sha256 = coalesce(${sha256 ?? null}, sha256) as is_current
      from documents where id = ${document_id}
    ),
    described as (
      select s.page_number, s.normalized_description as content, s.metadata->>'label' as label
      from document d join slide_descriptions s on s.document_id = d.id where d.is_current
      union all
      select s.page_number, s.normalized_description, s.metadata->>'label'
      from document d join document_versions v on v.document_id = d.id and v.sha256 = ${sha256 ?? null}
      join version_descriptions s on s.version_id = v.id where not d.is_current
    )
    select page.page_number, page.content,
           (select label from described where described.page_number = page.page_number) as label
    from (
      select c.page_number, c.content, c.chunk_index
      from document d join slide_chunks c on c.document_id = d.id
      where d.is_current and c.page_number = c.page_end
      union all
      select page_number, content, null from described
    ) page
    where page_number between ${page_number} and ${page_end}
    order by page_number, chunk_index nulls last`;
}

export type ListedAsset = {
  kind: "lecture" | "document";
  id: string;
  title: string | null;
  status: string;
  duration_ms?: number;
  page_count?: number;
  /** Of documents. */
  filename?: string;
};

/** The assets of a course, by title. */
export function listCourseAssets(
  sql: Sql,
  { course_id, viewer }: CourseView,
  limit: number,
): Promise<ListedAsset[]> {
  return sql<ListedAsset[]>`
    select * from (
      select 'lecture' as kind, id, title, status,
             ${lectureSeconds(sql, "lectures")} * 1000 as duration_ms, null::int as page_count,
             null::text as filename
      from lectures where course_id = ${course_id} and deleted_at is null
        ${visibleAsset(sql, viewer, "lectures")}
      union all
      select 'document', id, coalesce(title, filename), status, null, page_count, filename
      from documents where course_id = ${course_id} and deleted_at is null
        ${visibleAsset(sql, viewer, "documents")}
    ) asset
    order by title nulls last, id limit ${limit}`;
}
