import type { Sql } from "../db/client";
import { type Candidate, findCandidates } from "../db/passages";
import type { Embedder } from "../providers/embedder";
import { type Mode, rank, type Scored, searchWords } from "./rank";

export type Source = "lectures" | "slides";

export type SearchRequest = {
  course_id: string;
  query: string;
  top_k: number;
  sources: Source[];
  mode: Mode;
  lecture_ids?: string[] | undefined;
  document_ids?: string[] | undefined;
};

/** Where a quote stands: a page of a PDF, or a stretch of a recording. */
export type Citation = {
  number: number;
  chunk_id: string;
  source: Source;
  asset_id: string;
  title: string | null;
  /** Verbatim from the stored text. */
  quote: string;
  page_number?: number;
  start_ms?: number;
  end_ms?: number;
  /** Opens the page, or the recording at the second; null when the recording is nowhere online. */
  url: string | null;
};

export type Passage = {
  chunk_id: string;
  content: string;
  source: Source;
  asset_id: string;
  title: string | null;
  /** 0 to 1, higher is better; comparable within one answer only. */
  score: number;
  metadata: Record<string, unknown>;
  citation: Citation;
};

/** Candidates of each leg per wanted passage: enough for fusion to change the order. */
const CANDIDATES = 5;

/**
 * The passages of one course that answer a question best, best first.
 *
 * @throws AppError of the embedder, when the mode needs it
 */
export async function searchCourse(
  { db, embedder }: { db: Sql; embedder: Embedder },
  request: SearchRequest,
  signal: AbortSignal,
): Promise<Passage[]> {
  const { course_id, query, top_k, sources, mode } = request;
  const probe = {
    embedding: mode === "text" ? null : await embedQuestion(embedder, query, signal),
    words: mode === "vector" ? [] : searchWords(query),
    limit: Math.max(40, top_k * CANDIDATES),
  };
  const assetIds = { lectures: request.lecture_ids, slides: request.document_ids };
  const found = await Promise.all(
    sources.map(async (source) => {
      const scope = { course_id, asset_ids: assetIds[source] };
      const candidates = await findCandidates(db, source, scope, probe);
      return candidates.map((candidate) => ({ ...candidate, source }));
    }),
  );
  return rank(found.flat(), mode).slice(0, top_k).map(toPassage);
}

async function embedQuestion(embedder: Embedder, query: string, signal: AbortSignal) {
  const { embeddings } = await embedder.embed([query], { purpose: "query", signal });
  return { vector: embeddings[0]!, model: embedder.model };
}

function toPassage(hit: Scored<Candidate & { source: Source }>, index: number): Passage {
  const { chunk_id, content, source, asset_id, title, score, metadata } = hit;
  const place =
    source === "slides"
      ? { page_number: hit.page_number! }
      : { start_ms: hit.start_ms!, end_ms: hit.end_ms! };
  return {
    chunk_id,
    content,
    source,
    asset_id,
    title,
    score: Math.round(score * 1e6) / 1e6,
    metadata: { ...metadata, ...place },
    citation: {
      number: index + 1,
      chunk_id,
      source,
      asset_id,
      title,
      quote: content,
      ...place,
      url: urlOf(hit),
    },
  };
}

/** A PDF opens at its page, Panopto's viewer at its second. */
function urlOf({
  source,
  asset_id,
  page_number,
  start_ms,
  panopto_url,
}: Candidate & { source: Source }) {
  if (source === "slides") return `/api/documents/${asset_id}/file#page=${page_number}`;
  if (!panopto_url) return null;
  const url = new URL(panopto_url);
  url.searchParams.set("start", String(Math.floor(start_ms! / 1000)));
  return url.href;
}
