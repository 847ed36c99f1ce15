import pgvector from "pgvector";
import { detectLanguage } from "../../text/language";
import type { Sql } from "../client";
import { ofCourses } from "../page";
import { FEW_CHUNKS } from "./nearest-index";
import {
  type LexemeRow,
  longestWords,
  type QuestionTerm,
  toQuestionTerms,
  toSpellings,
} from "./question-terms";
import {
  assetsUnseen,
  chunksByKind,
  chunksIn,
  chunksOfHidden,
  hasFilter,
  joined,
  languagesIn,
  listsOf,
  type SearchScope,
} from "./search-scope";

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

/**
 * The vectors with the fewest different bits are compared whole: one in CHUNKS_PER_COMPARED of a course, or LEAST_COMPARED
 * if that is more. Measured in docs/decisions/0069.
 */
const CHUNKS_PER_COMPARED = 20;
const LEAST_COMPARED = 500;
/** Candidates by vector and by text. A fixed number, so that a larger limit only adds passages. */
const CANDIDATES = 100;
/**
 * The weight of a word in a chunk, for the labels D, C, B, A of a tsvector: its own words, the words from the
 * timeline by confidence (enrich_chunks). Chosen in docs/decisions/0052.
 */
const WORD_WEIGHTS = "{0.1, 0.08, 0.1, 0}";
/**
 * The words of a question are taken from the rarest on: words in ENOUGH_RANKED chunks together are ranked in all of
 * them, and the rarest word in MOST_RANKED chunks, or in a sample of MOST_SAMPLED. Other words add to the scores of
 * these chunks and of those close by meaning; chunks with two of them are ranked too, if MOST_PAIRED chunks or
 * fewer are expected to have two. Measured in docs/scale.md.
 */
const ENOUGH_RANKED = 400;
const MOST_RANKED = 2_500;
const MOST_SAMPLED = 10_000;
const MOST_PAIRED = 250;
/**
 * The counts include chunks that were deleted since, or that the viewer does not see, and they are a share for several
 * courses. With fewer chunks by words than this, and than half of the expected ones, the words that were left out are ranked too.
 */
const FEW_MATCHES = CANDIDATES / 2;
/** Maximum number of lexemes, including other spellings and pairs of characters. */
const MOST_LEXEMES = 128;

/**
 * The chunks of the courses that are closest to a question, by vector and by full text, in one statement.
 *
 * The vectors with the fewest different bits are compared whole: in a course of up to LEAST_COMPARED chunks all of them,
 * and from 20 000 chunks on in several courses those that an index finds (nearest_across_courses). Vectors are compared
 * within their model only.
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
  const { lacksMatches, ...found } = await queryCandidates(sql, scope, probe, false);
  if (!lacksMatches) return found;
  const { lacksMatches: _, ...all } = await queryCandidates(sql, scope, probe, true);
  return all;
}

/** @param ranksAll ranks every word of the question, also frequent ones beside rare ones */
async function queryCandidates(
  sql: Sql,
  scope: SearchScope,
  probe: Probe,
  ranksAll: boolean,
): Promise<FoundCandidates & { lacksMatches: boolean }> {
  const models = probe.embeddings.map(({ model }) => model);
  const vectors = probe.embeddings.map(({ vector }) => toVectorText(vector));
  const words = longestWords(probe.text);
  const spellings = toSpellings(words);
  const written = spellings.map((spelling) => spelling.written);
  const languages = [...new Set(["english", detectLanguage(probe.text).text_config])];

  // An expression that no index of words serves: a scope with a filter has fewer chunks than the index would find.
  const unindexed = hasFilter(scope) ? sql`is true` : sql``;

  const [row] = await sql<
    {
      candidates: CandidateColumns;
      lexemes: LexemeRow[];
      stops: string[];
      lacks_matches: boolean;
    }[]
  >`
    with question as materialized (
      select model, embedding, bits_of(embedding) as bits
      from (select model, vector::halfvec as embedding
            from unnest(${models}::text[], ${vectors}::text[]) as asked (model, vector)) asked
    ),
    compared_whole as materialized (${mostCompared(sql, scope)}),
    hidden as materialized (${chunksOfHidden(sql, scope)}),
    unseen as materialized (${assetsUnseen(sql, scope)}),
    chunk as not materialized (${chunksIn(sql, scope)}),
    by_meaning as materialized (
      select near.* from question cross join lateral (${nearestIn(sql, scope)}) near
    ),
    asked as materialized (
      select used.text_config, used.chunks, lexeme, spellings, coalesce(${knownMatches(sql, scope)}, 0) as known,
             ('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''')::tsquery as query
      from (
        select text_config, chunks::float8 as chunks, sum(chunks) over () as all_chunks
        from (${languagesIn(sql, scope)}) language
      ) used
      cross join lateral (
        select lexeme, array_agg(n) as spellings
        from unnest(${written}::text[]) with ordinality as spelling (written, n),
             unnest(search_vector(used.text_config, written))
        group by lexeme order by min(n), lexeme limit ${MOST_LEXEMES}
      ) lexemes
    ),
    word as materialized (
      select *, any_mate is not null
               and sum(known * mates / chunks) over (partition by text_config order by known, lexeme) <= ${MOST_PAIRED} as is_paired
      from (
        -- The rarer words that are not ranked in all of their chunks either, for pairs.
        select *, sum(known) filter (where sample is distinct from 1) over earlier as mates,
               case when sample is distinct from 1 then
                 string_agg(query::text, ' | ') filter (where sample is distinct from 1) over earlier end as any_mate
        from (
          -- The share of the word's chunks that is ranked; null: none.
          select *, case
              when known = 0 or rarer + known <= ${ENOUGH_RANKED} then 1
              when ${ranksAll}::boolean or rarer = 0 then
                case when known <= ${MOST_RANKED} then 1 else least(1, ${MOST_SAMPLED} / known) end
              -- Too few chunks without this word. Those of a sample are found by reading a part of the course.
              when rarer + (select count(*) from by_meaning) < ${CANDIDATES} then
                case when known * known <= ${ENOUGH_RANKED} * chunks then 1 else least(1, ${ENOUGH_RANKED} / known) end
            end as sample
          from (
            select *, sum(known) over (partition by text_config order by known, lexeme) - known as rarer from asked
          ) ordered
        ) sampled
        window earlier as (
          partition by text_config order by known, lexeme rows between unbounded preceding and 1 preceding)
      ) paired
    ),
    ranked as materialized (
      select text_config,
             concat_ws(' | ', string_agg(query::text, ' | ') filter (where sample = 1),
                       string_agg(format('%s & (%s)', query, any_mate), ' | ') filter (where is_paired))::tsquery as rare,
             (string_agg(query::text, ' | ') filter (where sample < 1))::tsquery as frequent,
             -- Ids are random, so the chunks up to an id are a sample.
             sample_end(max(sample) filter (where sample < 1)) as last_id
      from word group by text_config
    ),
    by_words as materialized (
      select ${columns(sql)}, c.embedding <=> question.embedding as distance
      from ranked cross join lateral (
        -- One condition each: a chunk that an index finds by one of two conditions is unpacked to check both.
        (select * from (${indexedChunks(sql, scope)}) c
         where c.text_config = ranked.text_config and c.tsv @@ ranked.rare ${unindexed} offset 0)
        union all
        (select * from (${indexedChunks(sql, scope)}) c
         where c.text_config = ranked.text_config and (c.context_tsv @@ ranked.rare and c.has_context) ${unindexed} offset 0)
        union all
        -- By the range of ids, not by the index of words, which has more chunks than the sample. Without frequent
        -- words the range is not read.
        (select * from chunk c
         where ranked.frequent is not null and c.id <= ranked.last_id and c.text_config = ranked.text_config
           and (c.tsv @@ ranked.frequent or c.context_tsv @@ ranked.frequent and c.has_context) is true
         offset 0)
      ) c
      left join question on question.model = c.embedding_model
    ),
    -- What is close by meaning has a score by words too, and what has the words has a distance.
    compared as materialized (
      select distinct on (id) * from (select * from by_meaning union all select * from by_words) c order by id
    ),
    unpacked as materialized (
      -- || unpacks a stored vector once for all the words it is asked about.
      select id, text_config, tsv || ''::tsvector as own,
             case when has_context then tsv || context_tsv end as enriched
      from compared
    ),
    matching as materialized (
      select c.id, word.text_config, word.lexeme, frequency, enriched is null or own @@ word.query as is_own
      from unpacked c join word on word.text_config = c.text_config
      -- A rank reads the whole vector, so only those with the word are ranked. 1: divided by the logarithm of its length.
      cross join lateral (
        select ts_rank(${WORD_WEIGHTS}::float4[], coalesce(enriched, own), word.query, 1) as frequency
        where coalesce(enriched, own) @@ word.query offset 0
      ) word_rank
      where frequency > 0
    ),
    looked_up as materialized (
      select word.text_config, word.lexeme, word.spellings, word.chunks,
             least(case when sample = 1 then coalesce(counted, 0) else greatest(counted, known) end, word.chunks) as matches
      from word left join (
        select text_config, lexeme, count(*)::float8 as counted from matching group by text_config, lexeme
      ) found using (text_config, lexeme)
    ),
    scored as materialized (
      select m.id, sum(m.frequency * ln(1 + (w.chunks - w.matches + 0.5) / (w.matches + 0.5))) as text_score,
             array_agg(m.lexeme) filter (where m.is_own) as lexemes
      from matching m join looked_up w using (text_config, lexeme)
      group by m.id
    ),
    candidate as (
      select c.id as chunk_id, c.source, c.asset_id, c.chunk_index, c.page_number, c.metadata->>'title' as title,
             c.embedding_model as model, c.distance, w.text_score, coalesce(w.lexemes, '{}') as lexemes
      from compared c left join scored w using (id)
      where c.id in (select id from by_meaning)
         or c.id in (select id from scored join compared using (id)
                     order by text_score desc, chunk_index, id limit ${CANDIDATES})
    ),
    stop as (
      select distinct written
      from unnest(${words.map(({ forms }) => forms[0]!)}::text[]) written,
           (select text_config from word union select unnest(${languages}::text[])::regconfig) used
      where search_vector(text_config, written) = ''
    )
    select (select json_build_object(
              'chunk_id', json_agg(chunk_id), 'source', json_agg(source), 'asset_id', json_agg(asset_id),
              'chunk_index', json_agg(chunk_index), 'page_number', json_agg(page_number), 'title', json_agg(title),
              'model', json_agg(model), 'distance', json_agg(distance), 'text_score', json_agg(text_score),
              'lexemes', json_agg(lexemes)) from candidate) as candidates,
           coalesce((select json_agg(json_build_object('lexeme', lexeme, 'spellings', spellings, 'chunks', chunks,
                                              'matches', matches)) from looked_up), '[]') as lexemes,
           coalesce((select array_agg(written) from stop), '{}') as stops,
           exists (select from word where sample is distinct from 1)
             and (select count(distinct id) from by_words)
                 < (select least(${FEW_MATCHES}, max(known * sample) / 2) from word) as lacks_matches`;
  const { candidates, lexemes, stops, lacks_matches } = row!;
  return {
    candidates: toCandidates(candidates),
    lacksMatches: lacks_matches,
    terms: toQuestionTerms(words, spellings, { lexemes, stops: new Set(stops) }),
  };
}

/** Halves have fewer decimals than these. PostgreSQL reads the shorter text in half the time. */
const toVectorText = (vector: number[]) =>
  pgvector.toSql(vector.map((value) => Math.round(value * 1e7) / 1e7));

/** The candidates by column, null without any: PostgreSQL writes a list of each column in half the time of objects. */
type CandidateColumns = { [Column in keyof Candidate]: Candidate[Column][] | null };

const toCandidates = (columns: CandidateColumns): Candidate[] =>
  (columns.chunk_id ?? []).map((chunk_id, i) => ({
    chunk_id,
    source: columns.source![i]!,
    asset_id: columns.asset_id![i]!,
    chunk_index: columns.chunk_index![i]!,
    page_number: columns.page_number![i]!,
    title: columns.title![i]!,
    model: columns.model![i]!,
    distance: columns.distance![i]!,
    text_score: columns.text_score![i]!,
    lexemes: columns.lexemes![i]!,
  }));

/** The columns of a chunk `c`. Vectors of words stay packed until their chunk is ranked. */
const columns = (sql: Sql) => sql`
  c.id, c.source, c.asset_id, c.chunk_index, c.page_number, c.metadata, c.embedding_model, c.text_config,
  c.tsv, c.context_tsv, c.has_context`;

/** The chunks of the scope, in a form that finds them by their course and their words in one index. */
const indexedChunks = (sql: Sql, scope: SearchScope) =>
  scope.course_ids === null || hasFilter(scope)
    ? sql`select * from chunk`
    : chunksIn(
        sql,
        { ...scope, course_ids: null },
        sql`and array[c.course_id] && ${[...scope.course_ids]}::text[]::uuid[]`,
      );

/** The CANDIDATES chunks that are closest to the row `question`, with their distance. The statement needs the row `compared_whole` of `mostCompared`. */
function nearestIn(sql: Sql, scope: SearchScope) {
  const { course_ids, viewer } = scope;
  if (course_ids?.length === 1 || hasFilter(scope)) {
    const lists = chunksByKind(sql, scope);
    const byBits = lists.map(
      (chunks, kind) => sql`
        (select c.id, ${kind}::int as kind, (c.embedding_bits <~> question.bits) + 0 as different_bits
         from (${chunks}) c where c.embedding_model = question.model
         order by different_bits limit (select most from compared_whole))`,
    );
    // offset 0: looked up one by one, not by reading the course again.
    const whole = lists.map(
      (chunks, kind) => sql`
        select ${columns(sql)}, c.embedding <=> question.embedding as distance
        from alike cross join lateral (select * from (${chunks}) c where c.id = alike.id offset 0) c
        where alike.kind = ${kind}`,
    );
    return sql`
      with alike as materialized (
        select * from (${joined(sql, byBits)}) c order by different_bits limit (select most from compared_whole)
      )
      select * from (${joined(sql, whole)}) compared order by distance, id limit ${CANDIDATES}`;
  }
  const owner = viewer.owner === "all" ? null : viewer.owner;
  const nearest = (kind: "lecture" | "slide") => sql`
    select * from nearest_across_courses(
      ${kind}, ${course_ids && [...course_ids]}::text[]::uuid[], question.model, question.embedding,
      ${2 * CANDIDATES}, ${FEW_CHUNKS}, ${viewer.owner === "all"}, ${owner}::uuid, ${viewer.seesUnreleased})`;
  const found = joined(sql, listsOf(scope, nearest("lecture"), nearest("slide")));
  // Twice as many are found, because speech over hidden pages is left out here.
  return sql`
    select ${columns(sql)}, found.distance
    from (${found}) found cross join lateral (select * from chunk where chunk.id = found.id offset 0) c
    order by distance, id limit ${CANDIDATES}`;
}

/** How many vectors are compared whole, by the chunks of the course at its last count. */
const mostCompared = (sql: Sql, { course_ids }: SearchScope) => sql`
  select greatest(${LEAST_COMPARED}::bigint, max(chunks) / ${CHUNKS_PER_COMPARED}) as most from word_count_states
  where true ${ofCourses(sql, course_ids, "course_id")}`;

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
