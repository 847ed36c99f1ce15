import type { GoldPlace } from "../db/exam-questions";
import { mean } from "../retrieval/ranking-metrics";
import type { Citation, Passage } from "../retrieval/search";

/** A citation opens the right moment if it starts at most this long before it. */
const NEAR_MS = 5_000;

/** The first passage that contains one of the right places; undefined without one. */
export const firstRight = (passages: readonly Passage[], gold: readonly GoldPlace[]) =>
  passages.find((passage) => gold.some((place) => contains(passage, place)));

/** 1 for a right passage in the first place, 1/2 in the second one, 0 without one. */
export function reciprocalRank(passages: readonly Passage[], gold: readonly GoldPlace[]): number {
  const first = passages.findIndex((passage) => gold.some((place) => contains(passage, place)));
  return first < 0 ? 0 : 1 / (first + 1);
}

/**
 * The reciprocal rank among the passages of one kind. Null if no page, or no speech, is a right place.
 *
 * @param isPage  counts pages, else speech
 */
export function reciprocalRankOfKind(
  passages: readonly Passage[],
  gold: readonly GoldPlace[],
  isPage: boolean,
): number | null {
  const wanted = gold.filter((place) => "pages" in place === isPage);
  if (wanted.length === 0) return null;
  const ofKind = passages.filter(({ source }) => (source === "slides") === isPage);
  return reciprocalRank(ofKind, wanted);
}

/** The extent of a passage: pages or milliseconds, both ends included. */
function extentOf({ metadata }: Passage): { from: number; to: number } {
  const { page_number, page_end, start_ms, end_ms } = metadata as Partial<Record<string, number>>;
  return { from: page_number ?? start_ms ?? 0, to: page_end ?? page_number ?? end_ms ?? 0 };
}

/** Whether a passage has a page of the place, or at least half of its speech. */
function contains(passage: Passage, gold: GoldPlace): boolean {
  if (passage.asset_id !== gold.asset_id) return false;
  const { from, to } = extentOf(passage);
  if ("pages" in gold) return gold.pages.some((page) => from <= page && page <= to);
  return 2 * overlap(from, to, gold) >= gold.end_ms - gold.start_ms;
}

const overlap = (from: number, to: number, gold: { start_ms: number; end_ms: number }) =>
  Math.max(0, Math.min(to, gold.end_ms) - Math.max(from, gold.start_ms));

/** The mean share of the right passages that is the right place: long passages around it lower it. */
export function focusOf(passages: readonly Passage[], gold: readonly GoldPlace[]): number {
  const shares = passages.flatMap((passage) => {
    const places = gold.filter((place) => contains(passage, place));
    if (places.length === 0) return [];
    const { from, to } = extentOf(passage);
    const shareOf = (place: GoldPlace) =>
      "pages" in place
        ? place.pages.filter((page) => from <= page && page <= to).length / (to - from + 1)
        : overlap(from, to, place) / Math.max(1, to - from);
    return [Math.max(...places.map(shareOf))];
  });
  return mean(shares);
}

/** Whether a reader of the citation sees the place, or hears most of it, also one who follows its address. */
export function opens(citation: Citation, gold: GoldPlace): boolean {
  if (citation.asset_id !== gold.asset_id || !hasOwnPlace(citation)) return false;
  if ("pages" in gold) {
    const { page_end } = citation as Citation & { page_end?: number };
    const last = page_end ?? citation.page_number ?? 0;
    return gold.pages.some((page) => (citation.page_number ?? 0) <= page && page <= last);
  }
  const { start_ms = 0, end_ms = 0 } = citation;
  const late = start_ms - gold.start_ms;
  const mostLate = Math.min(NEAR_MS, (gold.end_ms - gold.start_ms) / 2);
  return (
    (-NEAR_MS <= late && late <= mostLate) ||
    (start_ms <= gold.start_ms && gold.start_ms < end_ms && end_ms - start_ms <= 4 * NEAR_MS)
  );
}

/** Whether the address of a citation opens the page or the second of the citation. */
function hasOwnPlace({ url, page_number, start_ms = 0 }: Citation): boolean {
  const opened = [...(url ?? "").matchAll(/[?#&](?:page|start|t)=(\d+)/g)].map(([, at]) =>
    Number(at),
  );
  const own = page_number ?? Math.floor(start_ms / 1_000);
  return opened.length > 0 && opened.every((at) => at === own);
}
