/** Chapters of a lecture, from the titles that it shows. */
import type { ShownSpan } from "../db/alignment/slide-spans";
import type { SlideChange } from "../db/lectures";
import { cleanLine } from "../text/clean-text";

/** A title and the time in which it is shown. */
export type TitledSpan = {
  title: string;
  /** Milliseconds from the start of the recording; `end_ms` is exclusive. */
  start_ms: number;
  end_ms: number;
  /** Null for a title that is not from a page. */
  document_id: string | null;
  page_number: number | null;
  /** 0 to 1. */
  confidence: number;
};

/** The chapters of a lecture follow each other without gaps, from 0 to its end. */
export type Chapter = TitledSpan;

/** A chapter with the time in which its own title is shown, without the spans that joined it. */
type ChapterDraft = TitledSpan & { shown_ms: number };

/** A shorter span is no chapter: it belongs to the previous one. */
const MIN_CHAPTER_MS = 30_000;
const MAX_TITLE_CHARS = 120;
const MAX_COMPARED_CHARS = 500;
const DRAWN_TWICE = /^(.{3,}) \1$/u;

/** Marks of a continued slide at the end of a title: `(2/3)`, `2 of 3`, `(2)`, `(cont.)`, `– continued`. */
const CONTINUATION = new RegExp(
  [
    String.raw`\s*[([]\s*\d{1,3}(\s*(/|of|von|de|di|van)\s*\d{1,3})?\s*[)\]]`,
    String.raw`\s+\d{1,3}\s*(/|of|von)\s*\d{1,3}`,
    String.raw`\s*[([]\s*(cont|cont['’]d|contd|ctd|continued|forts|fortsetzung|suite|continuación|continuação|segue|vervolg)\.?\s*[)\]]`,
    String.raw`\s*[-–—:,]?\s+(cont\.|cont['’]d\.?|contd\.?|ctd\.|continued|fortsetzung|forts\.)`,
  ]
    .map((mark) => `(?:${mark})$`)
    .join("|"),
  "iu",
);

/**
 * Makes chapters of shown titles: neighbours with one title are one chapter, as are the parts of a continued
 * slide. A title that is shown for less than 30 s belongs to the chapter before it; the first one belongs to
 * the chapter after it. Time without a title belongs to the chapter before it.
 *
 * @param spans  in order of time, without overlaps
 * @returns empty without spans
 */
export function toChapters(spans: readonly TitledSpan[], duration_ms: number): Chapter[] {
  const drafts = spans
    .filter(
      ({ title, start_ms, end_ms }) => title !== "" && start_ms < Math.min(end_ms, duration_ms),
    )
    .map((span) => ({ ...span, shown_ms: span.end_ms - span.start_ms }));
  const joined = joinContinued(joinShort(joinContinued(drafts)));
  return joined.map(({ shown_ms: _, ...chapter }, i) => ({
    ...chapter,
    start_ms: i === 0 ? 0 : chapter.start_ms,
    end_ms: joined[i + 1]?.start_ms ?? duration_ms,
  }));
}

function joinContinued(drafts: readonly ChapterDraft[]): ChapterDraft[] {
  const joined: ChapterDraft[] = [];
  for (const draft of drafts) {
    const last = joined.at(-1);
    if (last && sameTopic(last.title, draft.title)) {
      const shown_ms = last.shown_ms + draft.shown_ms;
      last.confidence =
        (last.confidence * last.shown_ms + draft.confidence * draft.shown_ms) / shown_ms;
      last.shown_ms = shown_ms;
      if (last.title !== draft.title) last.title = withoutContinuation(last.title);
    } else joined.push({ ...draft });
  }
  return joined;
}

function joinShort(drafts: readonly ChapterDraft[]): ChapterDraft[] {
  const long = drafts.filter(({ shown_ms }) => shown_ms >= MIN_CHAPTER_MS);
  return long.length > 0 ? long : drafts.slice(0, 1);
}

const sameTopic = (a: string, b: string): boolean =>
  withoutContinuation(a).toLowerCase() === withoutContinuation(b).toLowerCase();

/** The title itself if nothing else is left of it. */
const withoutContinuation = (title: string): string => title.replace(CONTINUATION, "") || title;

/** The confident spans of a timeline with the titles of their pages, or else the first lines. */
export const pageTitles = (spans: readonly ShownSpan[], leastConfidence: number): TitledSpan[] =>
  spans
    .filter(({ confidence }) => confidence >= leastConfidence)
    .map(({ page_title, page_text, start_ms, end_ms, document_id, page_number, confidence }) => ({
      title: toTitle(page_title ?? "") || toTitle(firstLine(page_text ?? "")),
      start_ms,
      end_ms,
      document_id,
      page_number,
      confidence,
    }));

/** The slide titles that a recording states, each until the next slide change. */
export function statedTitles(changes: readonly SlideChange[], duration_ms: number): TitledSpan[] {
  const ordered = changes.toSorted((a, b) => a.time_ms - b.time_ms);
  return ordered.map(({ time_ms, caption }, i) => ({
    title: toTitle(caption ?? ""),
    start_ms: time_ms,
    end_ms: ordered[i + 1]?.time_ms ?? duration_ms,
    document_id: null,
    page_number: null,
    confidence: 1,
  }));
}

/** Stated slide changes without captions that name one of these hidden pages. */
export function withoutHiddenTitles(
  changes: readonly SlideChange[],
  hidden: readonly { title: string | null; text: string }[],
): SlideChange[] {
  const texts = hidden.flatMap(({ title, text }) => [letters(title ?? ""), letters(text)]);
  return changes.map(({ caption, ...change }) => {
    const stated = letters(caption ?? "");
    const isHidden = texts.some(
      (text) => text !== "" && (text.startsWith(stated) || stated.startsWith(text)),
    );
    return stated === "" || isHidden ? change : { ...change, caption: caption! };
  });
}

const letters = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "");

const firstLine = (text: string): string =>
  text.split("\n").find((line) => /\p{L}/u.test(line)) ?? "";

/** One line of at most 120 characters. Text drawn twice for a shadow counts once. */
function toTitle(text: string): string {
  const line = cleanLine(text)
    .trim()
    .slice(0, MAX_COMPARED_CHARS)
    .toWellFormed()
    .replace(DRAWN_TWICE, "$1");
  const characters = [...line];
  return characters.length > MAX_TITLE_CHARS
    ? `${characters.slice(0, MAX_TITLE_CHARS - 1).join("")}…`
    : line;
}
