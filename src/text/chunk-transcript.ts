import { splitSentences } from "./sentences";
import { AT_WORDS, fillUp, splitToFit, type TokenLimit } from "./split-to-fit";
import { spanAfter, type Timeline, timesOf, toTimeline } from "./timeline";
import { PAUSE_MS, type Segment, type Word } from "./transcript/transcript";

export type TranscriptChunk = {
  chunk_index: number;
  /** The start of the first word and the end of the last. */
  start_ms: number;
  end_ms: number;
  content: string;
  /** The speakers, in order of first appearance. */
  metadata: { speakers?: string[] };
};

export type TranscriptChunking = TokenLimit & {
  /** Maximum number of tokens repeated from the chunk before; a tenth of `maxTokens` if unset. */
  overlapTokens?: number;
  /** Times of slide changes, in ms from the start. */
  slideChanges?: readonly number[];
  /** As returned by `normalizeWords`; with them, times inside a segment are exact. */
  words?: readonly Word[];
};

/**
 * Splits a transcript into chunks of at most `maxTokens` tokens, with times that a citation can open.
 *
 * A chunk ends with a sentence. In its second half it preferably ends at a change of speaker or slide,
 * or before a pause. A sentence that is too long (speech without punctuation) is split at pauses, then
 * between segments or words, then inside a segment with interpolated times. Whole sentences of the same
 * speaker and slide are repeated at the start of the next chunk. Takes linear time.
 *
 * @param segments  as returned by `normalizeSegments`
 */
export function chunkTranscript(
  segments: readonly Segment[],
  { overlapTokens, slideChanges = [], words, ...limit }: TranscriptChunking,
): TranscriptChunk[] {
  const timeline = toTimeline(segments, words);
  const units = unitsOf(timeline, limit);
  markBorders(units, slideChanges);
  const costs = units.map(({ tokens }) => tokens);
  const maxOverlap = overlapTokens ?? Math.floor(limit.maxTokens / 10);

  const chunks: TranscriptChunk[] = [];
  for (let next = 0, from = 0, to = 0; next < units.length; next = to) {
    const contentUpTo = (end: number) => timeline.text.slice(units[from]!.from, units[end - 1]!.to);
    from = overlapStart(units, { from, next, maxOverlap });
    to = fillUp(from, costs, limit, contentUpTo);
    if (to <= next) {
      // The repeated sentences leave no room for new text.
      from = next;
      to = fillUp(from, costs, limit, contentUpTo);
    }
    to = bestEnd(units, { from, next, to, limit, contentUpTo });
    chunks.push(chunkOf(chunks.length, units.slice(from, to), contentUpTo(to)));
  }
  return chunks;
}

type Range = { from: number; to: number };

/** A sentence or a part of one. It is not split further, so chunks start and end with units. */
type Unit = Range & {
  start_ms: number;
  end_ms: number;
  tokens: number;
  speaker: string | undefined;
  /** Whether it starts and ends at a sentence or a pause, and can be repeated in the next chunk. */
  whole: boolean;
  /** The suitability of this unit's end as the end of a chunk: the sum of the constants below. */
  border: number;
};

const PAUSE = 1;
const SENTENCE = 2;
const SLIDE = 4;
const SPEAKER = 8;

function unitsOf(timeline: Timeline, limit: TokenLimit): Unit[] {
  return timeline.turns.flatMap(({ speaker, ...turn }) =>
    sentencesOf(timeline.text, turn).flatMap((sentence) => {
      const parts = partsOf(sentence, timeline, limit);
      return parts.map((part, i) => ({
        ...part,
        ...timesOf(timeline, part.from, part.to),
        speaker,
        border: i === parts.length - 1 ? SENTENCE : 0,
      }));
    }),
  );
}

function sentencesOf(text: string, turn: Range): Range[] {
  return rangesOf(splitSentences(text.slice(turn.from, turn.to)), turn.from);
}

/** The ranges of consecutive pieces in the text, without surrounding spaces. */
function rangesOf(pieces: readonly string[], start: number): Range[] {
  const ranges: Range[] = [];
  let offset = start;
  for (const piece of pieces) {
    const from = offset + piece.length - piece.trimStart().length;
    const to = offset + piece.trimEnd().length;
    if (to > from) ranges.push({ from, to });
    offset += piece.length;
  }
  return ranges;
}

/** A part is split more finely only if it is too long. */
function partsOf(sentence: Range, timeline: Timeline, limit: TokenLimit) {
  const cost = ({ from, to }: Range) => limit.countTokens(timeline.text.slice(from, to));
  const part = (range: Range, whole: boolean) => ({ ...range, tokens: cost(range), whole });
  const tooLong = (range: Range) => cost(range) > limit.maxTokens;

  // Longer sentences are split, so that each chunk has several possible ends.
  if (cost(sentence) <= limit.maxTokens / 2) return [part(sentence, true)];
  return cutAtGaps(sentence, timeline, PAUSE_MS).flatMap((thought) => {
    if (!tooLong(thought)) return [part(thought, true)];
    return cutAtGaps(thought, timeline, -1).flatMap((span) => {
      if (!tooLong(span)) return [part(span, false)];
      const pieces = splitToFit(timeline.text.slice(span.from, span.to), limit, AT_WORDS);
      return rangesOf(pieces, span.from).map((piece) => part(piece, false));
    });
  });
}

/** Splits between spans with a gap of more than `gapMs`. */
function cutAtGaps({ from, to }: Range, { spans }: Timeline, gapMs: number): Range[] {
  const ranges: Range[] = [];
  let start = from;
  for (let i = spanAfter(spans, from); spans[i + 1] && spans[i + 1]!.from < to; i++) {
    const [before, after] = [spans[i]!, spans[i + 1]!];
    if (after.start_ms - before.end_ms <= gapMs) continue;
    ranges.push({ from: start, to: before.to });
    start = after.from;
  }
  return [...ranges, { from: start, to }];
}

function markBorders(units: Unit[], slideChanges: readonly number[]): void {
  units.forEach((unit, i) => {
    const next = units[i + 1];
    if (!next) return;
    if (next.start_ms - unit.end_ms > PAUSE_MS) unit.border += PAUSE;
    if (next.speaker !== unit.speaker) unit.border += SPEAKER;
  });
  let i = 0;
  for (const change of slideChanges.toSorted((a, b) => a - b)) {
    // The new slide begins with the first unit that has its middle after the change.
    while (i < units.length && (units[i]!.start_ms + units[i]!.end_ms) / 2 <= change) i++;
    if (i > 0) units[i - 1]!.border |= SLIDE;
  }
}

/** The first of the preceding whole units, of the same speaker and slide, that are repeated. The last chunk's start is not. */
function overlapStart(
  units: readonly Unit[],
  { from: lastFrom, next, maxOverlap }: { from: number; next: number; maxOverlap: number },
): number {
  let from = next;
  for (let tokens = 0; from - 1 > lastFrom; from--) {
    const unit = units[from - 1]!;
    tokens += unit.tokens;
    if (!unit.whole || unit.border & (SLIDE | SPEAKER) || tokens > maxOverlap) break;
  }
  return from;
}

/** The best end in the second half of a full chunk; the last one of equal ends. */
function bestEnd(
  units: readonly Unit[],
  { from, next, to, limit, contentUpTo }: FullChunk,
): number {
  if (to === units.length) return to;
  let tokens = units.slice(from, to).reduce((sum, unit) => sum + unit.tokens, 0);
  let best = to;
  for (let end = to; end > next && tokens >= limit.maxTokens / 2; end--) {
    if (units[end - 1]!.border > units[best - 1]!.border) best = end;
    tokens -= units[end - 1]!.tokens;
  }
  // Less text can have more tokens; then the full chunk, which was counted, is used.
  return limit.countTokens(contentUpTo(best)) <= limit.maxTokens ? best : to;
}

type FullChunk = {
  from: number;
  next: number;
  to: number;
  limit: TokenLimit;
  contentUpTo: (end: number) => string;
};

function chunkOf(chunk_index: number, units: readonly Unit[], content: string): TranscriptChunk {
  const speakers = [...new Set(units.flatMap(({ speaker }) => speaker ?? []))];
  return {
    chunk_index,
    start_ms: units[0]!.start_ms,
    end_ms: units.at(-1)!.end_ms,
    content,
    metadata: speakers.length > 0 ? { speakers } : {},
  };
}
