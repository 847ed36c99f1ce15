import type { Viewer } from "../../principal";
import { visibleAsset, visiblePages } from "../access/visibility";
import type { Sql } from "../client";
import type { DueAlignment } from "./due-alignments";

/** The time in which a lecture shows a page. */
export type SlideSpan = {
  lecture_id: string;
  document_id: string;
  page_number: number;
  /** Milliseconds from the start of the recording. */
  start_ms: number;
  /** Exclusive. */
  end_ms: number;
  /** 0 to 1; 1 for slide changes that the recording states. */
  confidence: number;
  source: "speech" | "panopto";
};

/** A span with the words that it adds to the search words of chunks; empty without a reliable deck. */
export type EnrichingSpan = Omit<SlideSpan, "lecture_id"> & {
  page_words: string;
  spoken_words: string;
};

/** The score of a deck for a lecture, with the inputs that it was computed from. */
export type StoredDeckScore = {
  document_id: string;
  score: number;
  middle_ms: number;
  is_suggested: boolean;
  speech_hash: string;
  pages_hash: string;
};

/**
 * Stores the result of a claimed alignment in place of the former one, and renews the search words that the
 * chunks of the lecture and of its decks get from each other: one statement.
 *
 * @returns false when something changed since the claim; then nothing is stored and the lecture is due again
 */
export async function saveAlignment(
  sql: Sql,
  { lecture_id, revision }: DueAlignment,
  spans: readonly EnrichingSpan[],
  scores: readonly StoredDeckScore[],
): Promise<boolean> {
  const [row] = await sql<{ saved: boolean }[]>`
    select save_alignment(${lecture_id}, ${revision}::bigint, ${sql.json(spans as never)},
                          ${sql.json(scores as never)}) as saved`;
  return row!.saved;
}

/** A span with what a reader needs to open its page. */
export type ShownSpan = Omit<SlideSpan, "lecture_id"> & {
  /** Of the document. */
  title: string | null;
  sha256: string;
  page_title: string | null;
  /** The printed number of the page, if it differs. */
  page_label: string | null;
  /** The start of the page's text. */
  page_text: string | null;
};

/** Enough for the first line of a page. */
const PAGE_TEXT_CHARS = 500;

/** The spans of a lecture in order, without pages that the viewer does not see. */
export function listSlideSpans(sql: Sql, lecture_id: string, viewer: Viewer): Promise<ShownSpan[]> {
  return sql<ShownSpan[]>`
    select s.document_id, s.page_number, s.start_ms, s.end_ms, s.confidence::float8 as confidence,
           s.source, coalesce(d.title, d.filename) as title, d.sha256,
           p.metadata->>'title' as page_title, p.metadata->>'label' as page_label,
           left(p.normalized_description, ${PAGE_TEXT_CHARS}) as page_text
    from slide_spans s join documents d on d.id = s.document_id
    left join slide_descriptions p on p.document_id = d.id and p.page_number = s.page_number
    where s.lecture_id = ${lecture_id} and d.deleted_at is null
      ${visibleAsset(sql, viewer, "d")} ${visiblePages(sql, viewer, "s", "page_number")}
    order by s.start_ms`;
}

/** The time in which a lecture shows a page, with what a reader needs to open it. */
export type PageMoment = Omit<SlideSpan, "document_id" | "page_number"> & {
  /** Of the lecture. */
  title: string | null;
  /** The recording; null: only our transcript view shows the moment. */
  viewer_url: string | null;
};

/** All moments of a page, in lectures that the viewer sees, by lecture and time. */
export function listPageMoments(
  sql: Sql,
  { document_id, page_number }: { document_id: string; page_number: number },
  viewer: Viewer,
): Promise<PageMoment[]> {
  return sql<PageMoment[]>`
    select s.lecture_id, s.start_ms, s.end_ms, s.confidence::float8 as confidence, s.source, l.title,
           coalesce(l.panopto_url, l.media_url) as viewer_url
    from slide_spans s join lectures l on l.id = s.lecture_id
    join documents d on d.id = s.document_id
    where s.document_id = ${document_id} and s.page_number = ${page_number}
      and l.deleted_at is null and d.deleted_at is null
      ${visibleAsset(sql, viewer, "l")} ${visibleAsset(sql, viewer, "d")}
      ${visiblePages(sql, viewer, "s", "page_number")}
    order by l.created_at, l.id, s.start_ms`;
}
