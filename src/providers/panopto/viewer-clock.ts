import type { AudioPiece } from "../../media/join-audio";
import { toCaptionTime } from "../../text/clock";

/**
 * A recording that was trimmed or joined has two clocks: that of its media, and that of the viewer,
 * in which removed parts do not exist. Everything we store is on the viewer's clock.
 */
export type ViewerClock = {
  pieces: readonly AudioPiece[];
  /** End of the recording on the viewer's clock; null when Panopto does not state it. */
  duration_ms: number | null;
};

/** Times after the end by more than this are on the media's clock. */
const TOLERANCE_MS = 2_000;

/**
 * Whether times of the media were left in captions or slide changes: the removed parts make the
 * media longer than the recording.
 */
export const isOnMediaClock = (latest_ms: number, { pieces, duration_ms }: ViewerClock): boolean =>
  duration_ms !== null && isTrimmed(pieces) && latest_ms > duration_ms + TOLERANCE_MS;

const isTrimmed = (pieces: readonly AudioPiece[]) =>
  pieces.length > 1 ||
  pieces.some(({ from_ms, at_ms }) => from_ms !== at_ms) ||
  pieces.some(({ until_ms }) => until_ms !== undefined);

/**
 * A moment of the media on the viewer's clock. A moment in a removed part is the start of the next
 * part that was kept; null after the last.
 */
export function toViewerTime(media_ms: number, { pieces }: ViewerClock): number | null {
  const next = pieces
    .filter(({ until_ms }) => until_ms === undefined || media_ms < until_ms)
    .toSorted((a, b) => a.from_ms - b.from_ms)[0];
  return next ? next.at_ms + Math.max(0, media_ms - next.from_ms) : null;
}

const STAMP = /(\d{1,3}):(\d{2}):(\d{2})[,.](\d{3})/;
const TIMING = new RegExp(`${STAMP.source}[ \\t]*-->[ \\t]*${STAMP.source}`);

/**
 * SRT captions on the viewer's clock. Cues of removed parts are left out, and a cue at the border of
 * one is shortened. Captions that are on the viewer's clock already stay as they are.
 */
export function toViewerCaptions(srt: string, clock: ViewerClock): string {
  const blocks = srt.replaceAll("\r\n", "\n").split(/\n[ \t]*\n/);
  const times = blocks.map((block) => TIMING.exec(block)).map((match) => match && readTimes(match));
  const latest = times.reduce((max, time) => Math.max(max, time?.end_ms ?? 0), 0);
  if (!isOnMediaClock(latest, clock)) return srt;
  return blocks
    .flatMap((block, i) => {
      const time = times[i];
      return time ? moveCue(block, time, clock) : [block];
    })
    .join("\n\n");
}

type CueTimes = { start_ms: number; end_ms: number };

function moveCue(block: string, { start_ms, end_ms }: CueTimes, { pieces }: ViewerClock): string[] {
  const kept = pieces.find(
    ({ from_ms, until_ms = Number.POSITIVE_INFINITY }) => start_ms < until_ms && end_ms > from_ms,
  );
  if (!kept) return [];
  const { from_ms, until_ms = end_ms, at_ms } = kept;
  const move = (ms: number) => clock(at_ms + Math.min(Math.max(ms, from_ms), until_ms) - from_ms);
  return [block.replace(TIMING, `${move(start_ms)} --> ${move(end_ms)}`)];
}

function readTimes(match: RegExpExecArray): CueTimes {
  const [h1, m1, s1, ms1, h2, m2, s2, ms2] = match.slice(1, 9).map(Number);
  const toMs = (h: number, m: number, s: number, ms: number) =>
    ((h * 60 + m) * 60 + s) * 1_000 + ms;
  return { start_ms: toMs(h1!, m1!, s1!, ms1!), end_ms: toMs(h2!, m2!, s2!, ms2!) };
}

const clock = (ms: number) => toCaptionTime(Math.round(ms), ",");
