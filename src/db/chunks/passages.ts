import pgvector from "pgvector";
import type { Viewer } from "../../principal";
import { detectLanguage } from "../../text/language";
import { visibleAsset, visiblePages, visibleSpeech } from "../access/visibility";
import type { Sql } from "../client";
import { ofCourses } from "../page";
import { EXACT_CHUNKS } from "./nearest-index";
import {
  type LexemeRow,
  longestWords,
  type QuestionTerm,
  toQuestionTerms,
  toSpellings,
} from "./question-terms";

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

/** A question in the form that the database needs. Vectors or text can be missing. */
export type Probe = {
  /** The vector of the question for each embedding model. */
  embeddings: { model: string; vector: number[] }[];
  /** The text of the question; empty skips full-text search. */
  text: string;
};

export type Candidate = {
  chunk_id: string;
  source: "lectures" | "slides";
  asset_id: string;
  chunk_index: number;
  /** The page of a document; null for a lecture. */
  page_number: number | null;
  /** The title of the page; null for a lecture. */
  title: string | null;
  /** The model of the chunk's vector. */
  model: string | null;
  /** Cosine distance to the question, 0 to 2, lower is closer; null without a vector to compare. */
  distance: number | null;
  /** Full-text score, higher is better, comparable within one result only; null without a matching word. */
  text_score: number | null;
  /** The lexemes of the question that the chunk has. */
  lexemes: string[];
};

export type FoundCandidates = { candidates: Candidate[]; terms: QuestionTerm[] };

/** Candidates by vector and by text. A fixed number, so that a larger limit only adds passages. */
const CANDIDATES = 100;
/**
 * What a word counts in a chunk, for the labels D, C, B, A of a tsvector: its own words, the words from the
 * timeline by confidence (enrich_chunks). Chosen in docs/decisions/0052.
 */
const WORD_WEIGHTS = "{0.1, 0.08, 0.1, 0}";
/**
 * The words of a question are taken from the rarest on: all until CANDIDATES chunks are expected to have them, then
 * those in a quarter of the course, but in MOST_RANKED chunks at most, until ENOUGH_RANKED chunks. Other words only add
 * to the scores of these chunks. Of a word in more than MOST_SAMPLED chunks a sample is ranked. Measured in
 * docs/scale.md.
 */
const ENOUGH_RANKED = 1_000;
const MOST_RANKED = 2_500;
const MOST_SAMPLED = 10_000;
/**
 * The counts include chunks that were deleted since, or that the viewer does not see, and they are a share for several
 * courses. With fewer chunks by words than this, the words that were left out are ranked too.
 */
const FEW_MATCHES = CANDIDATES / 2;
/** Maximum number of lexemes, including other spellings and pairs of characters. */
const MOST_LEXEMES = 128;

/**
 * The chunks of the courses that are closest to a question, by vector and by full text, in one statement.
 *
 * The vector scan of one course is exact; of many courses it is approximate from 20 000 chunks on
 * (nearest_across_courses). Vectors are compared within their model only.
 *
 * Words are looked up in the language of each chunk. PostgreSQL's ranks ignore how rare a word is, so each
 * word is ranked alone and weighted by its inverse document frequency among the chunks of its language, as
 * in BM25.
 */
export async function findCandidates(
  sql: Sql,
  scope: SearchScope,
  probe: Probe,
): Promise<FoundCandidates> {
  const { hasUnranked, ...found } = await queryCandidates(sql, scope, probe, false);
  const matches = found.candidates.filter(({ text_score }) => text_score !== null).length;
  if (!hasUnranked || matches >= FEW_MATCHES) return found;
  const { hasUnranked: _, ...all } = await queryCandidates(sql, scope, probe, true);
  return all;
}

/** @param ranksAll ranks every word of the question, also frequent ones beside rare ones */
async function queryCandidates(
  sql: Sql,
  scope: SearchScope,
  probe: Probe,
  ranksAll: boolean,
): Promise<FoundCandidates & { hasUnranked: boolean }> {
  const models = probe.embeddings.map(({ model }) => model);
  const vectors = probe.embeddings.map(({ vector }) => pgvector.toSql(vector));
  const words = longestWords(probe.text);
  const spellings = toSpellings(words);
  const written = spellings.map((spelling) => spelling.written);
  const languages = [...new Set(["english", detectLanguage(probe.text).text_config])];

  const [row] = await sql<
    { candidates: Candidate[]; lexemes: LexemeRow[]; stops: string[]; has_unranked: boolean }[]
  >`
    with question as materialized (
      select model, vector::halfvec as embedding
      from unnest(${models}::text[], ${vectors}::text[]) as asked (model, vector)
    ),
    chunk as not materialized (${chunksIn(sql, scope)}),
    by_meaning as (
      select nearest.* from question cross join lateral (${nearestIn(sql, scope)}) nearest
    ),
    asked as materialized (
      select used.text_config, used.chunks, lexeme, spellings, coalesce(${knownMatches(sql, scope)}, 0) as known,
             coalesce(${matchesEverywhere(sql)}, 0) as everywhere,
             ('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''')::tsquery as query
      from (
        select text_config, count(*)::float8 as chunks, sum(count(*)) over () as all_chunks
        from (${languagesIn(sql, scope)}) chunk group by text_config
      ) used
      cross join lateral (
        select lexeme, array_agg(n) as spellings
        from unnest(${written}::text[]) with ordinality as spelling (written, n),
             unnest(search_vector(used.text_config, written))
        group by lexeme order by min(n), lexeme limit ${MOST_LEXEMES}
      ) lexemes
    ),
    word as materialized (
      select *, ${ranksAll}::boolean or rarer < ${CANDIDATES} or rarer < ${ENOUGH_RANKED} and known <= least(${MOST_RANKED}, greatest(${ENOUGH_RANKED}, chunks / 4)) as is_ranked
      from (
        select *, sum(known) over (partition by text_config order by known, lexeme) - known as rarer from asked
      ) ordered
    ),
    any_word as materialized (
      -- Ids are random: of a word in most chunks, a sample of the chunks is ranked.
      select text_config, string_agg(query::text, ' | ')::tsquery as query,
             (string_agg(query::text, ' | ') filter (where known <= ${MOST_SAMPLED}))::tsquery as rare,
             case when max(known) > ${MOST_SAMPLED} then sample_end(${MOST_SAMPLED} / max(known)) end as last_id,
             -- The index of words covers all courses, so a course with fewer chunks than its answer is read instead.
             sum(everywhere) <= 2 * max(chunks) as uses_index
      from word where is_ranked group by text_config
    ),
    spoken as materialized (
      select any_word.text_config, matched.* from any_word cross join lateral (
        -- || unpacks a stored vector once for all the words it is asked about.
        select c.id, c.tsv || ''::tsvector as own, case when c.has_context then c.tsv || c.context_tsv end as enriched
        from (
          -- offset 0: with the words as parameters the index of words is used.
          (select * from chunk c
           where any_word.uses_index
             and (c.tsv @@ any_word.query or c.context_tsv @@ any_word.query and c.has_context) offset 0)
          union all
          -- is true: an expression that the index of words cannot serve.
          (select * from chunk c
           where not any_word.uses_index
             and (c.tsv @@ any_word.query or c.context_tsv @@ any_word.query and c.has_context) is true offset 0)
        ) c
        where c.text_config = any_word.text_config
          and (any_word.last_id is null or c.id <= any_word.last_id
               or c.tsv @@ any_word.rare or c.context_tsv @@ any_word.rare)
      ) matched
    ),
    matching as materialized (
      select spoken.id, word.text_config, word.lexeme, frequency, enriched is null or own @@ word.query as is_own
      from spoken join word on word.text_config = spoken.text_config
      -- 1: divided by the logarithm of the chunk's length. 0 without the word.
      cross join lateral (
        select ts_rank(${WORD_WEIGHTS}::float4[], coalesce(enriched, own), word.query, 1) as frequency offset 0
      ) ranked
      where frequency > 0
    ),
    looked_up as materialized (
      select word.text_config, word.lexeme, word.spellings, word.chunks,
             case when is_ranked and known <= ${MOST_SAMPLED} then coalesce(counted, 0)
                  else least(greatest(counted, known), word.chunks) end as matches
      from word left join (
        select text_config, lexeme, count(*)::float8 as counted from matching group by text_config, lexeme
      ) found using (text_config, lexeme)
    ),
    by_words as (
      select m.id, sum(m.frequency * ln(1 + (w.chunks - w.matches + 0.5) / (w.matches + 0.5))) as text_score,
             array_agg(m.lexeme) filter (where m.is_own) as lexemes
      from matching m join looked_up w using (text_config, lexeme)
      group by m.id order by text_score desc, m.id limit ${CANDIDATES}
    ),
    candidate as (
      select c.id as chunk_id, c.source, c.asset_id, c.chunk_index, c.page_number, c.title,
             c.embedding_model as model,
             -- A chunk found by its words still has its distance to the question.
             coalesce(m.distance, c.embedding <=> question.embedding) as distance, w.text_score,
             coalesce(w.lexemes, '{}') as lexemes
      from by_meaning m full join by_words w on w.id = m.id
      -- offset 0: looked up one by one, not by reading the course again.
      cross join lateral (select * from chunk where chunk.id = coalesce(m.id, w.id) offset 0) c
      left join question on question.model = c.embedding_model
    ),
    stop as (
      select distinct written
      from unnest(${words.map(({ forms }) => forms[0]!)}::text[]) written,
           (select text_config from word union select unnest(${languages}::text[])::regconfig) used
      where search_vector(text_config, written) = ''
    )
    select coalesce((select json_agg(candidate order by chunk_id) from candidate), '[]') as candidates,
           coalesce((select json_agg(json_build_object('lexeme', lexeme, 'spellings', spellings, 'chunks', chunks,
                                              'matches', matches)) from looked_up), '[]') as lexemes,
           coalesce((select array_agg(written) from stop), '{}') as stops,
           exists (select from word where not is_ranked) as has_unranked`;
  const { candidates, lexemes, stops, has_unranked } = row!;
  return {
    candidates,
    hasUnranked: has_unranked,
    terms: toQuestionTerms(words, spellings, { lexemes, stops: new Set(stops) }),
  };
}

/** The chunks of the scope that the viewer sees and whose asset is not deleted. */
function chunksIn(sql: Sql, scope: SearchScope) {
  const { course_ids, viewer, lectures, slides, prepared_model } = scope;
  const vector = prepared_model
    ? sql`coalesce(p.embedding_model, c.embedding_model) as embedding_model,
          coalesce(p.embedding, c.embedding) as embedding`
    : sql`c.embedding_model, c.embedding`;
  const prepared = prepared_model
    ? sql`left join inactive_embeddings p on p.chunk_id = c.id
            and p.embedding_model = ${prepared_model} and p.content_md5 = md5(c.content)`
    : sql``;
  const ofLectures = sql`
    select c.id, 'lectures' as source, c.lecture_id as asset_id, c.chunk_index,
           null::int as page_number, null::text as title,
           ${vector}, c.text_config, c.tsv, c.context_tsv,
           c.context_tsv is not null and c.id not in (${speechOverHiddenPages(sql, scope)}) as has_context
    from lecture_chunks c join lectures a on a.id = c.lecture_id ${prepared}
    where a.deleted_at is null ${ofCourses(sql, course_ids, "c.course_id")} ${visibleAsset(sql, viewer, "a")}
      ${visibleSpeech(sql, viewer, "c")}
      ${lectures?.ids ? sql`and c.lecture_id = any(${lectures.ids}::uuid[])` : sql``}
      ${lectures?.from_ms === undefined ? sql`` : sql`and c.end_ms > ${lectures.from_ms}`}
      ${lectures?.to_ms === undefined ? sql`` : sql`and c.start_ms < ${lectures.to_ms}`}`;
  const ofSlides = sql`
    select c.id, 'slides' as source, c.document_id as asset_id, c.chunk_index, c.page_number, c.metadata->>'title' as title,
           ${vector}, c.text_config, c.tsv, c.context_tsv,
           c.context_tsv is not null and c.id not in (${pagesOfHiddenSpeech(sql, scope)}) as has_context
    from slide_chunks c join documents a on a.id = c.document_id ${prepared}
    where a.deleted_at is null ${ofCourses(sql, course_ids, "c.course_id")} ${visibleAsset(sql, viewer, "a")}
      ${visiblePages(sql, viewer, "c", "page_end")}
      ${slides?.ids ? sql`and c.document_id = any(${slides.ids}::uuid[])` : sql``}
      ${slides?.page_from === undefined ? sql`` : sql`and c.page_end >= ${slides.page_from}`}
      ${slides?.page_to === undefined ? sql`` : sql`and c.page_number <= ${slides.page_to}`}`;
  if (lectures && slides) return sql`${ofLectures} union all ${ofSlides}`;
  return lectures ? ofLectures : ofSlides;
}

/** The CANDIDATES chunks that are closest to the row `question`. */
function nearestIn(sql: Sql, scope: SearchScope) {
  const { course_ids, viewer, lectures, slides } = scope;
  if (course_ids?.length === 1 || hasFilter(scope))
    return sql`
      select c.id, (c.embedding <=> question.embedding) + 0 as distance
      from chunk c where c.embedding_model = question.model
      order by distance, c.id limit ${CANDIDATES}`;
  const owner = viewer.owner === "all" ? null : viewer.owner;
  const nearest = (kind: "lecture" | "slide") => sql`
    select * from nearest_across_courses(
      ${kind}, ${course_ids && [...course_ids]}::text[]::uuid[], question.model, question.embedding,
      ${2 * CANDIDATES}, ${EXACT_CHUNKS}, ${viewer.owner === "all"}, ${owner}::uuid, ${viewer.seesUnreleased})`;
  const found =
    lectures && slides
      ? sql`${nearest("lecture")} union all ${nearest("slide")}`
      : nearest(lectures ? "lecture" : "slide");
  // Twice as many are found, because speech over hidden pages is left out here.
  return sql`
    select found.* from (${found}) found
    where exists (select from chunk where chunk.id = found.id offset 0)
    order by distance, id limit ${CANDIDATES}`;
}

/**
 * The chunks of pages of the courses with words of a lecture that is deleted or hidden from the viewer: these words
 * must not lead to the page. Uncorrelated, so that a search reads the list once; it is nearly always empty.
 */
const pagesOfHiddenSpeech = (sql: Sql, { course_ids, viewer }: SearchScope) => sql`
  select h.id from lectures l join slide_spans s on s.lecture_id = l.id
  join slide_chunks h on h.document_id = s.document_id
    and s.page_number between h.page_number and h.page_end
  where (l.deleted_at is not null or (true ${visibleAsset(sql, viewer, "l")}) is not true)
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

/** The language of each chunk of the scope. For whole courses an index answers this, including deleted assets. */
function languagesIn(sql: Sql, scope: SearchScope) {
  const { course_ids, lectures, slides } = scope;
  if (hasFilter(scope)) return sql`select text_config from chunk`;
  const ofCourse = ofCourses(sql, course_ids, "course_id");
  const ofLectures = sql`select text_config from lecture_chunks where true ${ofCourse}`;
  const ofSlides = sql`select text_config from slide_chunks where true ${ofCourse}`;
  if (lectures && slides) return sql`${ofLectures} union all ${ofSlides}`;
  return lectures ? ofLectures : ofSlides;
}

/**
 * In about how many chunks of the scope a lexeme is; null where it is not counted, because it is rare, the course is
 * small or the scope has a filter. For several courses, their share of the count of all courses.
 */
function knownMatches(sql: Sql, scope: SearchScope) {
  const { course_ids } = scope;
  if (hasFilter(scope)) return sql`null::float8`;
  if (course_ids?.length === 1)
    return sql`(
      select w.chunks::float8 from word_counts w
      where w.course_id = ${course_ids[0]!} and w.text_config = used.text_config and w.lexeme = lexemes.lexeme)`;
  return sql`(
    select w.chunks * used.all_chunks::float8 / s.chunks from word_counts w, word_count_states s
    where w.course_id is null and w.text_config = used.text_config and w.lexeme = lexemes.lexeme
      and s.course_id is null)`;
}

/** In about how many chunks of all courses a lexeme is; null where it is not counted. */
const matchesEverywhere = (sql: Sql) => sql`(
  select w.chunks::float8 from word_counts w
  where w.course_id is null and w.text_config = used.text_config and w.lexeme = lexemes.lexeme)`;

const hasFilter = ({ lectures, slides }: SearchScope) =>
  Object.values({ ...lectures, ...slides }).some((filter) => filter !== undefined);

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

/**
 * The embedding models of the chunks of the courses, null for all courses: at most two for each course, the first
 * and the last by name, because an index gives these without reading the course.
 */
export async function listCourseModels(
  sql: Sql,
  course_ids: readonly string[] | null,
): Promise<string[]> {
  const rows = await sql<{ model: string }[]>`
    select distinct model from courses, lateral (
      select min(embedding_model) as model from lecture_chunks where course_id = courses.id
      union select max(embedding_model) from lecture_chunks where course_id = courses.id
      union select min(embedding_model) from slide_chunks where course_id = courses.id
      union select max(embedding_model) from slide_chunks where course_id = courses.id
    ) used where model is not null ${ofCourses(sql, course_ids, "courses.id")} order by model`;
  return rows.map(({ model }) => model);
}
