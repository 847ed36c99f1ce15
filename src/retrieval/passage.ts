import type { FoundChunk } from "../db/chunks/passages";
import { toMomentUrl, transcriptViewPath } from "../text/moment-url";
import { toPageUrl } from "../text/page-url";
import type { Timeline } from "../text/timeline";
import { findBestMoment } from "./best-sentence";
import type { Counterparts } from "./counterparts";
import { joinTexts } from "./join-texts";
import type { Mode, Scored } from "./rank";
import type { Hit } from "./select-passages";

export type PassageSource = "lectures" | "slides";

/** The source of a quote: a page of a PDF, or a part of a recording. */
export type Citation = Counterparts & {
  number: number;
  chunk_id: string;
  source: PassageSource;
  asset_id: string;
  title: string | null;
  /** Of a document, as uploaded. */
  filename?: string;
  /** Verbatim from the stored text. */
  quote: string;
  /** Position in the file, from 1. */
  page_number?: number;
  /** The number printed on the page, if it differs. */
  page_label?: string;
  start_ms?: number;
  end_ms?: number;
  /** The version that is quoted: the SHA-256 of the PDF or of the transcript. */
  sha256?: string;
  /** The asset has a newer version. For a document, `url` still opens the quoted page. */
  replaced?: true;
  /** In old answers: the caller cannot see the material any more, so `quote` is a notice and `url` is null. */
  withheld?: true;
  /** Opens the page, the recording at the second, or else our transcript view at the second. */
  url: string | null;
};

/** The parts of a chunk's score. */
export type Explanation = Pick<
  Scored,
  "chunk_id" | "score" | "similarity" | "words" | "distance" | "text_score" | "model"
>;

export type Passage = Counterparts & {
  /** Of the best chunk in it. */
  chunk_id: string;
  content: string;
  source: PassageSource;
  asset_id: string;
  title: string | null;
  /** Of a document, as uploaded. */
  filename?: string;
  /** 0 to 1, higher is better; comparable within one answer only. */
  score: number;
  /** The metadata of the best chunk, the position and the chunks of the passage, and the mode of the search. */
  metadata: Record<string, unknown>;
  citation: Citation;
  /** One for each chunk of the passage, in order. */
  explain?: Explanation[];
};

export type PassageOptions = {
  query: string;
  mode: Mode;
  explain?: boolean | undefined;
  /** The speech around the best chunks, by lecture. */
  timelines: ReadonlyMap<string, Timeline>;
};

/** Converts a hit to the passage of a response. Its number is set when the order is final. */
export function toPassage(
  { best, chunks }: Hit,
  stored: ReadonlyMap<string, FoundChunk>,
  { query, mode, explain, timelines }: PassageOptions,
): Passage {
  const { chunk_id, source, asset_id } = best;
  const parts = chunks.map((chunk) => stored.get(chunk.chunk_id)!);
  const bestPart = stored.get(chunk_id)!;
  const { metadata, title, filename, sha256 } = bestPart;
  const named = { title, ...(filename !== null && { filename }) };
  const page_label = metadata.label as string | undefined;
  const content = joinTexts(parts.map((part) => part.content));
  const position = toPosition(parts);
  const place = toPlace(bestPart, query, timelines.get(asset_id));
  const chunk_ids = chunks.map((chunk) => chunk.chunk_id);
  return {
    chunk_id,
    content,
    source,
    asset_id,
    ...named,
    score: best.score,
    metadata: { ...metadata, ...position, chunk_ids, mode },
    citation: {
      number: 0,
      chunk_id,
      source,
      asset_id,
      ...named,
      quote: content,
      ...place,
      ...(page_label && { page_label }),
      ...(sha256 && { sha256 }),
      url: urlOf(asset_id, { ...bestPart, ...place }),
    },
    ...(explain && { explain: chunks.map(toExplanation) }),
  };
}

function toPosition(parts: FoundChunk[]) {
  const first = parts[0]!;
  const ends = (end: "page_end" | "end_ms") => Math.max(...parts.map((part) => part[end]!));
  return first.page_number === null
    ? { start_ms: first.start_ms!, end_ms: ends("end_ms") }
    : { page_number: first.page_number, page_end: ends("page_end") };
}

/** Where the best chunk answers the question: its page, or its best sentence. */
function toPlace(
  { content, page_number, start_ms, end_ms }: FoundChunk,
  query: string,
  timeline: Timeline | undefined,
) {
  if (page_number !== null) return { page_number };
  return findBestMoment({ content, start_ms: start_ms!, end_ms: end_ms! }, query, timeline);
}

/** The PDF of the quoted version at the page, or the recording or its transcript at the second. */
function urlOf(asset_id: string, place: FoundChunk): string {
  const { page_number, viewer_url, start_ms, sha256 } = place;
  if (page_number !== null) return toPageUrl({ asset_id, sha256: sha256!, page_number });
  return toMomentUrl(viewer_url ?? transcriptViewPath(asset_id), start_ms!);
}

function toExplanation(chunk: Scored): Explanation {
  const { chunk_id, score, similarity, words, distance, text_score, model } = chunk;
  return { chunk_id, score, similarity, words, distance, text_score, model };
}
