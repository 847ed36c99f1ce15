import { readSpeechOfChunks, type SpokenText } from "../db/chat/chat-reads";
import { type FoundCandidates, findCandidates } from "../db/chunks/candidates";
import { type FoundChunk, readChunks } from "../db/chunks/passages";
import type { QuestionTerm } from "../db/chunks/question-terms";
import type { SearchScope } from "../db/chunks/search-scope";
import type { Sql } from "../db/client";
import { readCourseNames } from "../db/courses";
import { onReplica } from "../db/replica";
import type { Viewer } from "../principal";
import type { Embedder } from "../providers/embedder";
import { UNRECORDED } from "../providers/paid-calls";
import type { Reranker } from "../providers/reranker";
import { cleanText } from "../text/clean-text";
import { toTimeline } from "../text/timeline";
import { type Counterparts, readCounterparts } from "./counterparts";
import { embedForCourses, embedWith } from "./embed-question";
import { mergeNearDuplicates } from "./near-duplicates";
import { type Passage, type PassageSource, toPassage } from "./passage";
import { onlyCourse, type QuestionReceipts, questionCalls } from "./question-calls";
import { questionCoverage } from "./question-coverage";
import { type Mode, rank, type Scored } from "./rank";
import { READ_PER_WANTED, rerankPassages } from "./rerank";
import { type Hit, selectHits } from "./select-passages";
import { readSlideWords } from "./slide-words";

export type { Citation, Passage, PassageSource } from "./passage";

export type SearchRequest = {
  /** The searched courses; null for all. */
  course_ids: readonly string[] | null;
  viewer: Viewer;
  query: string;
  /** Passages wanted, at most. */
  top_k: number;
  sources: PassageSource[];
  mode: Mode;
  lecture_ids?: string[] | undefined;
  document_ids?: string[] | undefined;
  /** Part of a recording, in ms from its start: passages that overlap it. */
  from_ms?: number | undefined;
  to_ms?: number | undefined;
  /** Pages of documents, both ends included. */
  page_from?: number | undefined;
  page_to?: number | undefined;
  /** Adds the parts of its score to each passage. */
  explain?: boolean | undefined;
  /** Compares the vectors that are prepared for the model of the embedder, before a course moves to it. */
  uses_prepared?: boolean | undefined;
};

export type CourseSearchRequest = Omit<SearchRequest, "course_ids"> & { course_id: string };

type SearchDeps = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  receipts?: QuestionReceipts;
};

/**
 * Searches one course for the passages that match a question best, best first.
 *
 * @throws AppError of the embedder, when the mode needs it
 */
export async function searchCourse(
  deps: SearchDeps,
  request: CourseSearchRequest,
  signal: AbortSignal,
): Promise<Passage[]> {
  return (await searchWithCoverage(deps, request, signal)).passages;
}

export type CoveredPassages<P = Passage> = {
  passages: P[];
  /** As `questionCoverage` returns it. */
  coverage: number | null;
  /** As `rerankPassages` returns it; null without a reranker. */
  best_score: number | null;
};

/**
 * Like `searchCourse`, and returns the share of the question's words that the best passage contains,
 * and the reranker's score of the best passage.
 *
 * @throws AppError of the embedder, when the mode needs it
 */
export async function searchWithCoverage(
  deps: SearchDeps,
  { course_id, ...request }: CourseSearchRequest,
  signal: AbortSignal,
): Promise<CoveredPassages> {
  const { chunks: _, ...found } = await search(
    deps,
    { ...request, course_ids: [course_id] },
    signal,
  );
  return found;
}

export type CoursePassage = Passage & { course_id: string; course_name: string };

/**
 * Like `searchWithCoverage` for several courses, null for all. The passages of all courses are ranked together, and
 * a word weighs by how rare it is in all of them.
 *
 * @throws AppError of the embedder, when the mode needs it
 */
export async function searchCourses(
  deps: SearchDeps,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<CoveredPassages<CoursePassage>> {
  const { chunks, passages, ...found } = await search(deps, request, signal);
  const courseOf = ({ chunk_id }: Passage) => chunks.get(chunk_id)!.course_id;
  const names = await readCourseNames(deps.db, [...new Set(passages.map(courseOf))]);
  const named = passages.map((passage) => {
    const course_id = courseOf(passage);
    return { ...passage, course_id, course_name: names.get(course_id) ?? "" };
  });
  return { ...found, passages: named };
}

async function search(
  { db, embedder, reranker, receipts }: SearchDeps,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<CoveredPassages & Pick<FoundHits, "chunks">> {
  const { query, top_k, explain } = request;
  const wanted = reranker ? top_k * READ_PER_WANTED : top_k;
  const { hits, chunks, speech, terms, mode } = await findHits(
    { db, embedder, receipts },
    request,
    wanted,
    signal,
  );
  const timelines = new Map(
    speech
      .entries()
      .map(([lecture_id, { segments, words }]) => [lecture_id, toTimeline(segments, words)]),
  );
  const passages = hits.map((hit) => toPassage(hit, chunks, { query, mode, explain, timelines }));
  const { passages: ordered, best_score } = reranker
    ? await rerankPassages(reranker, query, passages, {
        signal,
        calls: questionCalls(receipts, "rerank", onlyCourse(request.course_ids)),
      })
    : { passages, best_score: null };
  const lexemes = hits.map((hit) => new Set(hit.chunks.flatMap((chunk) => chunk.lexemes)));
  const shown = ordered.slice(0, top_k);
  const hasTimeline = shown.some(({ chunk_id }) => chunks.get(chunk_id)!.has_timeline);
  const cited = hasTimeline ? shown.map(({ citation }) => citation) : [];
  const counterparts = await readCounterparts(db, request.viewer, cited);
  return {
    passages: shown.map((passage, i) => complete(passage, i + 1, counterparts[i])),
    coverage: questionCoverage(terms, lexemes),
    best_score,
    chunks,
  };
}

/** Searches again when an asset is replaced or deleted between the search and the read of its chunks. */
const MAX_SEARCHES = 4;

type FoundHits = {
  hits: Hit[];
  chunks: ReadonlyMap<string, FoundChunk>;
  /** The segments and words of the best chunks, by lecture: citations need exact times. */
  speech: ReadonlyMap<string, SpokenText>;
  terms: QuestionTerm[];
  mode: Mode;
};

/** The best hits with their chunks, all of one version of each asset. */
async function findHits(
  deps: SearchDeps,
  request: SearchRequest,
  wanted: number,
  signal: AbortSignal,
): Promise<FoundHits> {
  for (let searches = 1; ; searches += 1) {
    const { candidates, terms, mode } = await findForQuestion(deps, request, signal);
    const ranking = await withoutDuplicates(deps.db, rank(candidates, mode), request.query);
    const hits = toHits(ranking, { ...request, top_k: wanted });
    const ids = hits.flatMap((hit) => hit.chunks.map(({ chunk_id }) => chunk_id));
    const spoken = hits.flatMap(({ best }) => (best.source === "lectures" ? best.chunk_id : []));
    const [read, speech] = await onReplica(deps.db, (replica) =>
      Promise.all([readChunks(replica, ids), readSpeechOfChunks(replica, spoken)]),
    );
    const chunks = new Map(read.map((chunk) => [chunk.chunk_id, chunk]));
    const isRead = (hit: Hit) => hit.chunks.every(({ chunk_id }) => chunks.has(chunk_id));
    if (hits.every(isRead)) return { hits, chunks, speech, terms, mode };
    if (searches === MAX_SEARCHES) {
      return { hits: hits.filter(isRead), chunks, speech, terms, mode };
    }
  }
}

const complete = (passage: Passage, number: number, counterparts?: Counterparts): Passage => ({
  ...passage,
  ...counterparts,
  citation: { ...passage.citation, ...counterparts, number },
});

/** Slides beyond this rank are not compared: the list is full before them. */
const MAX_COMPARED = 150;

/** Counts states of one slide, and pages of a deck that was uploaded again, as one. */
async function withoutDuplicates(db: Sql, ranking: Scored[], query: string): Promise<Scored[]> {
  const slides = ranking.filter(({ source }) => source === "slides").slice(0, MAX_COMPARED);
  if (slides.length < 2) return ranking;
  const words = await readSlideWords(
    db,
    slides.map(({ chunk_id }) => chunk_id),
  );
  return mergeNearDuplicates(ranking, words, query);
}

/** One asset fills at most half of the list, unless the request names its assets. */
export function toHits(
  ranking: Scored[],
  request: Pick<SearchRequest, "top_k" | "lecture_ids" | "document_ids">,
): Hit[] {
  const { top_k, lecture_ids, document_ids } = request;
  const perAsset = lecture_ids || document_ids ? top_k : Math.ceil(top_k / 2);
  return selectHits(ranking, { top_k, perAsset });
}

/**
 * The candidates for a question, and the mode in use: if the settings have no embedding model of the
 * courses, they are searched by full text only.
 */
export async function findForQuestion(
  { db, embedder, receipts }: SearchDeps,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<FoundCandidates & { mode: Mode }> {
  const { course_ids, query } = request;
  const scope = toScope(request, request.uses_prepared ? embedder.model : undefined);
  if (!scope.lectures && !scope.slides) return { candidates: [], terms: [], mode: request.mode };

  const asked = cleanText(query).normalize("NFKC");
  if (asked === "") return { candidates: [], terms: [], mode: request.mode };
  const ask = async () => {
    const embeddings =
      request.mode === "text"
        ? []
        : request.uses_prepared
          ? [await embedWith(embedder, asked, { signal, calls: UNRECORDED })]
          : await embedForCourses({ db, embedder, receipts }, course_ids, asked, signal);
    const mode = embeddings.length === 0 ? "text" : request.mode;
    const text = mode === "vector" ? "" : asked;
    const probe = { embeddings, text };
    const found = await onReplica(db, (replica) => findCandidates(replica, scope, probe));
    return { ...found, mode };
  };
  const answer = await ask();
  const compared = answer.candidates.some(({ distance }) => distance !== null);
  // A course can have moved to another model between embedding and search.
  return answer.mode === "text" || compared ? answer : ask();
}

/** A filter for one kind of source excludes the other kind, unless that has a filter too. */
function toScope(request: SearchRequest, prepared_model?: string): SearchScope {
  const { course_ids, viewer, sources, lecture_ids, document_ids } = request;
  const { from_ms, to_ms, page_from, page_to } = request;
  const lectures = { ids: lecture_ids, from_ms, to_ms };
  const slides = { ids: document_ids, page_from, page_to };
  const isFilter = (filter: object) => Object.values(filter).some((value) => value !== undefined);
  const anyFilter = isFilter(lectures) || isFilter(slides);
  return {
    course_ids,
    viewer,
    ...(prepared_model !== undefined && { prepared_model }),
    ...(sources.includes("lectures") && (!anyFilter || isFilter(lectures)) && { lectures }),
    ...(sources.includes("slides") && (!anyFilter || isFilter(slides)) && { slides }),
  };
}
