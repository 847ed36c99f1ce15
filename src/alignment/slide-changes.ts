/**
 * Slide changes that the recording states, such as those of a PowerPoint presentation in Panopto. Where
 * their captions name pages of a deck, they are exact and precede the alignment by words.
 */
import type { SlideChange } from "../db/lectures";

/** A page with the texts that a caption can equal. */
export type CaptionedPage = { title: string | null; text: string };

/** A page, by its index, and the time in which it is shown. Null: the caption names no page. */
export type StatedSpan = { page: number | null; start_ms: number; end_ms: number };

/** At least this share of the captions must name pages: a few short titles are on any deck. */
const LEAST_MATCHED = 0.5;
/** The share of uniquely named pages that must agree with the numbers of the slides. */
const LEAST_NUMBERED = 0.8;
/** A shorter caption must equal the whole title. */
const MIN_PREFIX_LETTERS = 8;
/** Borders of spans move to a stated change at most this far away. */
const SNAP_MS = 15_000;

/** The share of the captions that name a page, 0 to 1; 0 if there are too few to be sure. */
export function captionShare(
  changes: readonly SlideChange[],
  pages: readonly CaptionedPage[],
): number {
  const captioned = changes.filter(({ caption }) => normalize(caption ?? "") !== "");
  const find = pageFinder(pages);
  const named = captioned.filter(({ caption }) => find(caption!).length > 0);
  const differing = new Set(named.map(({ caption }) => normalize(caption!)));
  const needed = Math.min(2, captioned.length);
  return differing.size >= needed && named.length > 0 ? named.length / captioned.length : 0;
}

/**
 * The spans between slide changes with the pages that their captions name, from the first change to the end.
 * Empty when the captions do not belong to these pages.
 *
 * Several pages can have one title. Then the slide's number decides if the numbers agree with the pages
 * elsewhere, otherwise the page that follows the previous one most closely.
 */
export function statedSpans(
  changes: readonly SlideChange[],
  pages: readonly CaptionedPage[],
  duration_ms: number,
): StatedSpan[] {
  if (captionShare(changes, pages) < LEAST_MATCHED) return [];
  const find = pageFinder(pages);
  const ordered = changes
    .filter(({ time_ms }) => time_ms < duration_ms)
    .toSorted((a, b) => a.time_ms - b.time_ms);
  const named = ordered.map((change) => ({ ...change, candidates: find(change.caption ?? "") }));
  const offset = numberOffset(named);
  let previous = -1;
  const spans = named.map(({ time_ms, sequence, candidates }, i): StatedSpan => {
    const numbered = offset !== null && sequence !== undefined ? sequence + offset : null;
    const page =
      numbered !== null && isPossible(numbered, candidates, pages.length)
        ? numbered
        : closest(candidates, previous + 1);
    previous = page ?? previous;
    return { page, start_ms: time_ms, end_ms: ordered[i + 1]?.time_ms ?? duration_ms };
  });
  return joinRepeated(spans.filter(({ start_ms, end_ms }) => start_ms < end_ms));
}

/** Moves borders between spans to changes that are stated without usable captions. */
export function snapToChanges<S extends { start_ms: number; end_ms: number }>(
  spans: readonly S[],
  changes: readonly SlideChange[],
): S[] {
  const snapped = spans.map((span) => ({ ...span }));
  for (const [i, span] of snapped.entries()) {
    const before = snapped[i - 1];
    if (!before) continue;
    const [nearest] = changes
      .map(({ time_ms }) => time_ms)
      .filter((ms) => Math.abs(ms - span.start_ms) <= SNAP_MS)
      .filter((ms) => ms > before.start_ms && ms < span.end_ms)
      .sort((a, b) => Math.abs(a - span.start_ms) - Math.abs(b - span.start_ms));
    if (nearest === undefined) continue;
    before.end_ms = nearest;
    span.start_ms = nearest;
  }
  return snapped;
}

/** Finds pages by caption: by equal title, else by equal first line, else by the start of the text. */
function pageFinder(pages: readonly CaptionedPage[]): (caption: string) => number[] {
  const known = pages.map(({ title, text }) => ({
    title: normalize(title ?? ""),
    line: normalize(text.split("\n").find((line) => line.trim() !== "") ?? ""),
    text: normalize(text.slice(0, 1_000)),
  }));
  const where = (matches: (page: (typeof known)[number]) => boolean) =>
    known.flatMap((page, i) => (matches(page) ? i : []));
  return (caption) => {
    const wanted = normalize(caption);
    if (wanted === "") return [];
    const exact = where(({ title, line }) => title === wanted || line === wanted);
    if (exact.length > 0 || wanted.length < MIN_PREFIX_LETTERS) return exact;
    return where(({ text }) => text.startsWith(wanted));
  };
}

/** Letters and digits only: captions and PDFs differ in blanks, dashes and bullets. */
const normalize = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "");

/** What to add to a slide's number to get its index; null if the numbers do not follow the pages. */
function numberOffset(
  named: readonly { sequence?: number; candidates: readonly number[] }[],
): number | null {
  const offsets = named.flatMap(({ sequence, candidates }) =>
    sequence !== undefined && candidates.length === 1 ? candidates[0]! - sequence : [],
  );
  const counts = Map.groupBy(offsets, (offset) => offset);
  const [most] = [...counts.values()].sort((a, b) => b.length - a.length);
  return most && most.length >= 2 && most.length >= offsets.length * LEAST_NUMBERED
    ? most[0]!
    : null;
}

const isPossible = (page: number, candidates: readonly number[], pages: number): boolean =>
  candidates.length === 0 ? page >= 0 && page < pages : candidates.includes(page);

function closest(candidates: readonly number[], expected: number): number | null {
  const away = (page: number) => Math.abs(page - expected);
  return candidates.toSorted((a, b) => away(a) - away(b) || b - a)[0] ?? null;
}

/** Animations state a change for each step of one page. */
function joinRepeated(spans: readonly StatedSpan[]): StatedSpan[] {
  const joined: StatedSpan[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last && last.page === span.page) last.end_ms = span.end_ms;
    else joined.push({ ...span });
  }
  return joined;
}
