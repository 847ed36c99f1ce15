import type { CaptionLine } from "./caption-text";
import type { Segment } from "./transcript";

/** A cue with its lines as readers see them. */
export type TextCue = { start_ms: number; end_ms: number; lines: CaptionLine[] };

/** Fast speech has 15 characters a second. */
const MS_PER_CHARACTER = 65;

/** One segment for each speaker of a cue. A cue without length gets the time that its text takes. */
export function toSegments({ start_ms, end_ms, lines }: TextCue): Segment[] {
  const turns: CaptionLine[][] = [];
  for (const line of lines) {
    const turn = turns.at(-1);
    if (turn && turn[0]!.speaker === line.speaker) turn.push(line);
    else turns.push([line]);
  }
  const characters = lines.reduce((sum, { text }) => sum + text.length, 0);
  const lastMs = end_ms > start_ms ? end_ms : start_ms + characters * MS_PER_CHARACTER;
  return turns.map((turn) => ({
    start_ms,
    end_ms: lastMs,
    text: turn.map(({ text }) => text).join("\n"),
    ...(turn[0]!.speaker !== undefined && { speaker: turn[0]!.speaker }),
  }));
}
