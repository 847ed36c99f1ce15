import { timesOf, toTimeline } from "../text/timeline";
import type { Segment, Word } from "../text/transcript/transcript";

/** A short piece of speech with its time. */
export type SpeechPiece = { start_ms: number; end_ms: number; text: string };

/** About three seconds of speech; a script without blanks is cut by characters. */
const PIECE = /\S{1,40}(?:\s+\S{1,40}){0,7}/gu;

/**
 * Splits speech into pieces whose terms are then spread evenly: by the times of its words where they are
 * known, else by segments.
 */
export function toSpeechPieces(
  segments: readonly Segment[],
  words: readonly Word[],
): readonly SpeechPiece[] {
  if (words.length === 0 || segments.length === 0) return segments;
  const timeline = toTimeline(segments, words);
  return [...timeline.text.matchAll(PIECE)].map(({ index, 0: text }) => ({
    ...timesOf(timeline, index, index + text.length),
    text,
  }));
}
