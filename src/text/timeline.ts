import { joinSpoken, type Segment, spaceBetween, type Word } from "./transcript/transcript";

/** A part of the text, `from` inclusive, `to` exclusive, and the time in which it is spoken. */
export type Span = { from: number; to: number; start_ms: number; end_ms: number };

/** A transcript as one text with the times of its parts. */
export type Timeline = {
  text: string;
  /** Words where their times are known, else segments; in order, covering everything except blanks. */
  spans: Span[];
  /** Turns of one speaker each, in order. */
  turns: { from: number; to: number; speaker?: string }[];
};

/**
 * Joins segments to one text: a line for each turn, one blank between segments, no blank in scripts
 * without spaces between words.
 *
 * @param segments  as `normalizeSegments` returns them
 * @param words     as `normalizeWords` returns them; a word that is found in the text of its segment
 *                  gets its own times, other text gets interpolated ones
 */
export function toTimeline(segments: readonly Segment[], words: readonly Word[] = []): Timeline {
  const timeline: Timeline = { text: "", spans: [], turns: [] };
  const texts: string[] = [];
  let length = 0;
  let nextWord = 0;
  segments.forEach((segment, i) => {
    const previous = segments[i - 1];
    const text = joinSpoken([segment.text]);
    const sameTurn = previous !== undefined && previous.speaker === segment.speaker;
    const separator = sameTurn ? spaceBetween(previous.text, text) : previous ? "\n" : "";
    const from = length + separator.length;
    const to = from + text.length;
    texts.push(separator, text);
    length = to;

    if (sameTurn) timeline.turns.at(-1)!.to = to;
    else timeline.turns.push({ from, to, speaker: segment.speaker });

    const span = { from, to, start_ms: segment.start_ms, end_ms: segment.end_ms };
    const firstWord = nextWord;
    while (nextWord < words.length && words[nextWord]!.start_ms < segment.end_ms) nextWord++;
    timeline.spans.push(...wordSpans(text, span, words.slice(firstWord, nextWord)));
  });
  timeline.text = texts.join("");
  return timeline;
}

/** The time in which the text [from, to) is spoken, interpolated by characters within a span. */
export function timesOf({ spans }: Timeline, from: number, to: number) {
  const first = spans[spanAfter(spans, from)]!;
  const last = spans[spanAfter(spans, to - 1)]!;
  const start_ms = Math.floor(timeAt(first, Math.max(from, first.from)));
  const end_ms = Math.ceil(timeAt(last, Math.min(to, last.to)));
  return { start_ms, end_ms: Math.max(end_ms, start_ms + 1) };
}

/** Index of the first span that ends after `offset`. */
export function spanAfter(spans: readonly Span[], offset: number): number {
  let [low, high] = [0, spans.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.to > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

function timeAt({ from, to, start_ms, end_ms }: Span, offset: number): number {
  return start_ms + ((end_ms - start_ms) * (offset - from)) / (to - from);
}

/** The search range for a word, forwards; a match further away is another occurrence of the word. */
const WORD_WINDOW_CHARS = 40;

/** The segment's span, divided at the words that its text contains in this order. */
function wordSpans(text: string, segment: Span, words: readonly Word[]): Span[] {
  const spans: Span[] = [];
  let { from, start_ms } = segment;
  for (const word of words) {
    const cursor = from - segment.from;
    const window = text.slice(cursor, cursor + word.text.length + WORD_WINDOW_CHARS);
    const at = window.indexOf(word.text);
    if (at === -1) continue;
    const start = Math.min(Math.max(word.start_ms, start_ms), segment.end_ms - 1);
    const end = Math.min(Math.max(word.end_ms, start + 1), segment.end_ms);
    fillGap(spans, window.slice(0, at), { from, to: from + at, start_ms, end_ms: start });
    spans.push({ from: from + at, to: from + at + word.text.length, start_ms: start, end_ms: end });
    from += at + word.text.length;
    start_ms = end;
  }
  fillGap(spans, text.slice(from - segment.from), { ...segment, from, start_ms });

  const [first, second] = spans;
  if (!second || first!.end_ms > first!.start_ms) return spans;
  // Text before the first known word has no time of its own, so it shares the time of that word.
  return [{ ...second, from: first!.from }, ...spans.slice(2)];
}

/** Text between two known words gets the time between them; punctuation joins the word before. */
function fillGap(spans: Span[], text: string, gap: Span): void {
  const to = gap.from + text.trimEnd().length;
  const from = to - text.trim().length;
  if (from === to) return;
  const last = spans.at(-1);
  if (last && (gap.end_ms <= gap.start_ms || !/[\p{L}\p{N}]/u.test(text))) last.to = to;
  else spans.push({ ...gap, from, to });
}
