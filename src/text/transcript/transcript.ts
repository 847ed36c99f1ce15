import { cleanLine, cleanText } from "../clean-text";
import { endsSentence } from "../sentences";

export type Segment = {
  /** Whole milliseconds from the start of the recording; `end_ms` is exclusive. */
  start_ms: number;
  end_ms: number;
  text: string;
  /** Absent when the source does not name speakers. */
  speaker?: string;
};

export type Word = Segment & {
  /** Absent means `word`; an `audio_event` is laughter, applause and the like. */
  kind?: "word" | "audio_event";
};

export type Transcript = {
  /** BCP 47, such as `en` or `pt-BR`; null when unknown. */
  language: string | null;
  /** In order of time, without overlaps and empty texts: see `normalizeSegments`. */
  segments: Segment[];
  /** In order of their start; absent when the source gives no times of words. */
  words?: Word[];
};

/** A longer silence ends a segment, also without a full stop. */
export const PAUSE_MS = 800;

/** The text without times and names, one line for each turn of a speaker. */
export function transcriptText(segments: readonly Segment[]): string {
  return speakerTurns(segments)
    .map((turn) => joinSpoken(turn.map(({ text }) => text)))
    .join("\n");
}

/** Consecutive segments of one speaker, in order. */
export function speakerTurns<T extends Segment>(segments: readonly T[]): T[][] {
  const turns: T[][] = [];
  for (const segment of segments) {
    const turn = turns.at(-1);
    if (turn && turn[0]!.speaker === segment.speaker) turn.push(segment);
    else turns.push([segment]);
  }
  return turns;
}

/** Joins texts to one line, without blanks in scripts that have none between words. */
export function joinSpoken(texts: readonly string[]): string {
  const [text = "", ...others] = texts;
  if (others.length === 0 && SPACED_LINE.test(text) && !LONE_MARK.test(text)) return text;
  return texts
    .flatMap((text) => text.split(/\s+/))
    .filter((part) => part !== "")
    .map((part, i, parts) => spaceBetween(parts[i - 1] ?? "", part) + part)
    .join("");
}

/** A blank; nothing between Chinese, Japanese and South-East Asian text, and before a closing mark. */
export function spaceBetween(before: string, after: string): "" | " " {
  if (before === "" || CLOSING_MARK.test(after)) return "";
  return UNSPACED_END.test(before.slice(-2)) && UNSPACED_START.test(after) ? "" : " ";
}

const UNSPACED =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}" +
  "\\p{Script=Khmer}\\p{Script=Myanmar}ー。、，！？；：「」『』（）《》";
const UNSPACED_END = new RegExp(`[${UNSPACED}]$`, "u");
const UNSPACED_START = new RegExp(`^[${UNSPACED}]`, "u");
/** One character of a script without spaces between words. */
export const UNSPACED_CHAR = `[${UNSPACED}]`;
export const startsUnspaced = (text: string): boolean => UNSPACED_START.test(text);
export const endsUnspaced = (text: string): boolean => UNSPACED_END.test(text.slice(-2));
/** Some providers send punctuation as separate words. */
const CLOSING_MARK = /^[.,!?;:…)\]}]+$/;
const LONE_MARK = /(?:^| )[.,!?;:)\]}]+(?: |$)/;
/** Words with one blank between them, in scripts that come before Thai in Unicode: most stored segments. */
const SPACED_LINE = /^[^\s\u0e00-\uffff]+(?: [^\s\u0e00-\uffff]+)*$/;

const MAX_SEGMENT_MS = 20_000;
const MAX_SEGMENT_CHARS = 400;

/**
 * Groups timed words into segments, for providers that send words only. A segment ends with its
 * sentence, before a pause, at a change of speaker, or at 20 s or 400 characters.
 *
 * @param words  as `normalizeWords` returns them
 */
export function segmentsFromWords(words: readonly Word[]): Segment[] {
  const groups: Word[][] = [];
  let length = 0;
  for (const word of words) {
    const group = groups.at(-1);
    if (group && length + word.text.length <= MAX_SEGMENT_CHARS && belongs(group, word)) {
      group.push(word);
      length += word.text.length + 1;
    } else {
      groups.push([word]);
      length = word.text.length;
    }
  }
  return normalizeSegments(groups.map(segmentOf));
}

function belongs(group: Word[], word: Word): boolean {
  const [first, last] = [group[0]!, group.at(-1)!];
  if (last.speaker !== word.speaker || word.start_ms - last.end_ms > PAUSE_MS) return false;
  if (word.end_ms - first.start_ms > MAX_SEGMENT_MS) return false;
  return CLOSING_MARK.test(word.text) || !endsSentence(last.text);
}

function segmentOf(words: Word[]): Segment {
  const { start_ms, speaker } = words[0]!;
  const end_ms = latestEnd(words);
  const text = joinSpoken(words.map((word) => word.text));
  return { start_ms, end_ms, text, ...(speaker !== undefined && { speaker }) };
}

/**
 * Gives segments of any source the form that `Transcript` requires: cleaned texts, whole milliseconds
 * in order, at least 1 ms for each segment, no overlap. Of two that overlap, the earlier ends at the
 * start of the later. Segments with the same start share the time by the length of their texts. No
 * text is lost. The function is idempotent.
 */
export function normalizeSegments(segments: readonly Segment[]): Segment[] {
  const cleaned = segments.map(cleanSegment).filter(({ text }) => text !== "");
  const ordered = shareEqualStarts(cleaned.sort((a, b) => a.start_ms - b.start_ms));
  let earliest = 0;
  ordered.forEach((segment, i) => {
    const start_ms = Math.max(segment.start_ms, earliest);
    const nextStart = ordered[i + 1]?.start_ms ?? Number.POSITIVE_INFINITY;
    segment.start_ms = start_ms;
    segment.end_ms = Math.max(start_ms + 1, Math.min(segment.end_ms, nextStart));
    earliest = segment.end_ms;
  });
  return ordered;
}

/** The same for words. These can overlap, when two people speak, and can have no length. */
export function normalizeWords(words: readonly Word[]): Word[] {
  return words
    .map((word) => ({ ...cleanSegment(word), ...(word.kind && { kind: word.kind }) }))
    .filter(({ text }) => text !== "")
    .sort((a, b) => a.start_ms - b.start_ms);
}

/** 500 hours: fits PostgreSQL's `integer` with room for the milliseconds added on the way. */
const LATEST_MS = 1_800_000_000;

function cleanSegment({ start_ms, end_ms, text, speaker }: Segment): Segment {
  const start = cleanTime(start_ms);
  const name = cleanLine(speaker ?? "")
    .slice(0, 200)
    .trim();
  return {
    start_ms: start,
    end_ms: Math.max(start, cleanTime(end_ms)),
    text: cleanText(text),
    ...(name && { speaker: name.toWellFormed() }),
  };
}

function cleanTime(ms: number): number {
  return Number.isNaN(ms) ? 0 : Math.round(Math.min(Math.max(ms, 0), LATEST_MS));
}

function shareEqualStarts(ordered: Segment[]): Segment[] {
  for (let from = 0, to = 0; from < ordered.length; from = to) {
    const { start_ms } = ordered[from]!;
    while (ordered[to]?.start_ms === start_ms) to++;
    if (to - from > 1) share(ordered.slice(from, to), ordered[to]?.start_ms);
  }
  return ordered;
}

function share(together: Segment[], nextStart = Number.POSITIVE_INFINITY): void {
  const start = together[0]!.start_ms;
  const end = Math.min(nextStart, latestEnd(together));
  const length = together.reduce((sum, { text }) => sum + text.length, 0);
  let before = 0;
  for (const segment of together) {
    segment.start_ms = start + Math.round(((end - start) * before) / length);
    before += segment.text.length;
    segment.end_ms = start + Math.round(((end - start) * before) / length);
  }
}

const latestEnd = (segments: readonly Segment[]) =>
  segments.reduce((latest, { end_ms }) => Math.max(latest, end_ms), 0);
