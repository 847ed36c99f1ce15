import type { Fragment } from "postgres";
import type { Viewer } from "../../principal";
import { visibleAsset, visiblePages, visibleSpeech } from "../access/visibility";
import type { Sql } from "../client";
import { ofCourses } from "../page";

/** The searched part of the courses. An omitted kind of source is not searched. */
export type SearchScope = {
  /** The searched courses; null for all. */
  course_ids: readonly string[] | null;
  /** Hidden chunks are left out before ranking. */
  viewer: Viewer;
  lectures?: { ids?: string[] | undefined; from_ms?: number; to_ms?: number } | undefined;
  slides?: { ids?: string[] | undefined; page_from?: number; page_to?: number } | undefined;
  /** Compares the vectors that are prepared for this model instead of those in use, where they exist. */
  prepared_model?: string | undefined;
};

export const hasFilter = ({ lectures, slides }: SearchScope) =>
  Object.values({ ...lectures, ...slides }).some((filter) => filter !== undefined);

/**
 * The chunks of the scope that the viewer sees and whose asset is not deleted. The statement needs the lists
 * `hidden` of `chunksOfHidden` and `unseen` of `assetsUnseen`.
 *
 * @param and another condition `and …` on the row `c`
 */
export const chunksIn = (sql: Sql, scope: SearchScope, and = sql``) =>
  joined(sql, chunksByKind(sql, scope, and));

/** Lists with the same columns as one, at least one of them. */
export const joined = (sql: Sql, lists: Fragment[]) =>
  lists.reduce((all, list) => sql`${all} union all ${list}`);

/** `chunksIn` as a list of its own for each kind of source. */
export function chunksByKind(sql: Sql, scope: SearchScope, and = sql``): Fragment[] {
  const { course_ids, viewer, lectures, slides, prepared_model } = scope;
  const vector = prepared_model
    ? sql`coalesce(p.embedding_model, c.embedding_model) as embedding_model,
          coalesce(p.embedding, c.embedding) as embedding,
          coalesce(bits_of(p.embedding), c.embedding_bits) as embedding_bits`
    : sql`c.embedding_model, c.embedding, c.embedding_bits`;
  const prepared = prepared_model
    ? sql`left join inactive_embeddings p on p.chunk_id = c.id
            and p.embedding_model = ${prepared_model} and p.content_md5 = md5(c.content)`
    : sql``;
  const ofLectures = sql`
    select c.id, 'lectures' as source, c.lecture_id as asset_id, c.chunk_index,
           null::int as page_number, null::jsonb as metadata,
           ${vector}, c.text_config, c.tsv, c.context_tsv,
           c.context_tsv is not null and c.id not in (select id from hidden) as has_context
    from lecture_chunks c ${prepared}
    where c.lecture_id not in (select id from unseen) ${ofCourses(sql, course_ids, "c.course_id")} ${and}
      ${visibleSpeech(sql, viewer, "c")}
      ${lectures?.ids ? sql`and c.lecture_id = any(${lectures.ids}::uuid[])` : sql``}
      ${lectures?.from_ms === undefined ? sql`` : sql`and c.end_ms > ${lectures.from_ms}`}
      ${lectures?.to_ms === undefined ? sql`` : sql`and c.start_ms < ${lectures.to_ms}`}`;
  const ofSlides = sql`
    select c.id, 'slides' as source, c.document_id as asset_id, c.chunk_index, c.page_number, c.metadata,
           ${vector}, c.text_config, c.tsv, c.context_tsv,
           c.context_tsv is not null and c.id not in (select id from hidden) as has_context
    from slide_chunks c ${prepared}
    where c.document_id not in (select id from unseen) ${ofCourses(sql, course_ids, "c.course_id")} ${and}
      ${visiblePages(sql, viewer, "c", "page_end")}
      ${slides?.ids ? sql`and c.document_id = any(${slides.ids}::uuid[])` : sql``}
      ${slides?.page_from === undefined ? sql`` : sql`and c.page_end >= ${slides.page_from}`}
      ${slides?.page_to === undefined ? sql`` : sql`and c.page_number <= ${slides.page_to}`}`;
  return listsOf(scope, ofLectures, ofSlides);
}

/** The lists of the kinds of sources that are searched. */
export const listsOf = (
  { lectures, slides }: SearchScope,
  ofLectures: Fragment,
  ofSlides: Fragment,
): Fragment[] => [...(lectures ? [ofLectures] : []), ...(slides ? [ofSlides] : [])];

/** The lectures and documents of the scope whose chunks are not searched: deleted, or hidden from the viewer. A search reads this list once. */
export const assetsUnseen = (sql: Sql, { course_ids, viewer }: SearchScope) =>
  joined(
    sql,
    [sql`lectures`, sql`documents`].map(
      (assets) => sql`
        select a.id from ${assets} a
        where ${isUnseen(sql, viewer, "a")}
          ${ofCourses(sql, course_ids, "a.course_id")}`,
    ),
  );

/** The asset is deleted or hidden from the viewer. */
const isUnseen = (sql: Sql, viewer: Viewer, asset: string) => sql`
  (${sql(`${asset}.deleted_at`)} is not null or (true ${visibleAsset(sql, viewer, asset)}) is not true)`;

/** The chunks whose words from the timeline must not lead to them. A search reads this list once; it is nearly always empty. */
export const chunksOfHidden = (sql: Sql, scope: SearchScope) =>
  sql`${pagesOfHiddenSpeech(sql, scope)} union all ${speechOverHiddenPages(sql, scope)}`;

/** The chunks of pages of the courses with words of a lecture that is deleted or hidden from the viewer. */
const pagesOfHiddenSpeech = (sql: Sql, { course_ids, viewer }: SearchScope) => sql`
  select h.id from lectures l join slide_spans s on s.lecture_id = l.id
  join slide_chunks h on h.document_id = s.document_id
    and s.page_number between h.page_number and h.page_end
  where ${isUnseen(sql, viewer, "l")}
    ${ofCourses(sql, course_ids, "l.course_id")}`;

/** The chunks of speech of the courses with words of a page that is deleted or hidden from the viewer. */
const speechOverHiddenPages = (sql: Sql, { course_ids, viewer }: SearchScope) => sql`
  select h.id from documents d join slide_spans s on s.document_id = d.id
  join lecture_chunks h on h.lecture_id = s.lecture_id
    and h.start_ms < s.end_ms and h.end_ms > s.start_ms
  where s.page_words <> '' ${ofCourses(sql, course_ids, "d.course_id")}
    and (d.deleted_at is not null
         or (true ${visibleAsset(sql, viewer, "d")}
               ${visiblePages(sql, viewer, "s", "page_number")}) is not true)`;

/**
 * The languages of the scope with their number of chunks, deleted assets included. Of one course an index lists the
 * languages, and the chunks of its main language are those of its last count.
 */
export function languagesIn(sql: Sql, scope: SearchScope) {
  const { course_ids } = scope;
  if (hasFilter(scope)) return counted(sql, sql`select text_config from chunk`);
  const listOf = (table: ChunkTable, where = sql``) =>
    sql`select text_config from ${sql(table)} where true ${ofCourses(sql, course_ids, "course_id")} ${where}`;
  const all = (where = sql``) =>
    joined(sql, listsOf(scope, listOf("lecture_chunks", where), listOf("slide_chunks", where)));
  if (course_ids?.length !== 1 || !scope.lectures || !scope.slides) return counted(sql, all());
  const course_id = sql`${course_ids[0]!}::uuid`;
  return sql`
    select text_config, coalesce(
             (select w.chunks from word_counts w
              where w.course_id = ${course_id} and w.text_config = used.text_config and w.lexeme = ''),
             (select count(*) from (${all(sql`and text_config = used.text_config`)}) chunk)) as chunks
    from (
      ${languagesOf(sql, "lecture_chunks", course_id)} union ${languagesOf(sql, "slide_chunks", course_id)}
    ) used`;
}

const counted = (sql: Sql, languages: Fragment) =>
  sql`select text_config, count(*) as chunks from (${languages}) chunk group by text_config`;

type ChunkTable = "lecture_chunks" | "slide_chunks";

/** The languages of the chunks of a course: the index leads from one to the next, past the chunks of each. */
const languagesOf = (sql: Sql, table: ChunkTable, course_id: Fragment) => sql`
  (with recursive language as (
     (select text_config from ${sql(table)} where course_id = ${course_id} order by text_config limit 1)
     union all
     select next.text_config from language cross join lateral (
       select c.text_config from ${sql(table)} c
       where c.course_id = ${course_id} and c.text_config > language.text_config
       order by c.text_config limit 1) next
   )
   select text_config from language)`;

/**
 * The embedding models of the chunks of a course, with nulls and repetitions: the index leads from one language and model to
 * the next, past their chunks.
 */
export const modelsOf = (sql: Sql, course_id: Fragment) => {
  const ofTable = (table: ChunkTable) => sql`
    (with recursive kind as (
       (select text_config, embedding_model from ${sql(table)} where course_id = ${course_id}
        order by text_config, embedding_model limit 1)
       union all
       select next.text_config, next.embedding_model from kind cross join lateral (
         select c.text_config, c.embedding_model from ${sql(table)} c
         where c.course_id = ${course_id}
           and (c.text_config, c.embedding_model) > (kind.text_config, kind.embedding_model)
         order by c.text_config, c.embedding_model limit 1) next
     )
     select embedding_model as model from kind)`;
  return sql`${ofTable("lecture_chunks")} union all ${ofTable("slide_chunks")}`;
};
