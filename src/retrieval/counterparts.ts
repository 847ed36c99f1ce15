/** The other half of a citation: the slide that is shown at a moment, the moments at which a page is shown. */
import { type CounterpartQuery, findCounterparts } from "../db/alignment/counterparts";
import type { Sql } from "../db/client";
import type { Viewer } from "../principal";
import { toMomentUrl, transcriptViewPath } from "../text/moment-url";
import { toPageUrl } from "../text/page-url";

export type ShownSlide = {
  document_id: string;
  title: string | null;
  /** Position in the file, from 1. */
  page_number: number;
  /** The number printed on the page, if it differs. */
  page_label?: string;
  confidence: number;
  /** Opens the PDF at the page. */
  url: string;
};

export type ShownMoment = {
  lecture_id: string;
  title: string | null;
  start_ms: number;
  end_ms: number;
  confidence: number;
  /** Opens the recording, or else the transcript, at the start. */
  url: string;
};

export type Counterparts = {
  /** Of a moment. */
  slide?: ShownSlide;
  /** Of a page, in order of time. Absent without a confident one. */
  moments?: ShownMoment[];
};

const MOST_MOMENTS = 5;

/**
 * The other half of each citation, in their order. Only what the viewer sees, and only what the
 * timeline is confident about.
 */
export async function readCounterparts(
  db: Sql,
  viewer: Viewer,
  cited: readonly CounterpartQuery[],
): Promise<Counterparts[]> {
  if (cited.length === 0) return [];
  const { slides, moments } = await findCounterparts(db, viewer, cited, MOST_MOMENTS);
  return cited.map((_, n) => {
    const slide = slides.find((one) => one.n === n);
    const shown = moments.filter((one) => one.n === n);
    return {
      ...(slide && { slide: toSlide(slide) }),
      ...(shown.length > 0 && { moments: shown.map(toMoment) }),
    };
  });
}

type FoundSlide = Awaited<ReturnType<typeof findCounterparts>>["slides"][number];
type FoundMoment = Awaited<ReturnType<typeof findCounterparts>>["moments"][number];

function toSlide({
  document_id,
  title,
  page_number,
  page_label,
  sha256,
  ...one
}: FoundSlide): ShownSlide {
  return {
    document_id,
    title,
    page_number,
    ...(page_label && { page_label }),
    confidence: one.confidence,
    url: toPageUrl({ asset_id: document_id, sha256, page_number }),
  };
}

function toMoment({
  lecture_id,
  title,
  viewer_url,
  start_ms,
  end_ms,
  confidence,
}: FoundMoment): ShownMoment {
  const url = toMomentUrl(viewer_url ?? transcriptViewPath(lecture_id), start_ms);
  return { lecture_id, title, start_ms, end_ms, confidence, url };
}
