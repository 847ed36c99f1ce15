import type { AudioPiece } from "../../media/join-audio";
import type { ViewerClock } from "./viewer-clock";

/** Times of a stream, in seconds; see `Stream` in `delivery-info.ts`. */
export type StreamTimes = {
  Tag?: string | undefined;
  RelativeStart?: number | undefined;
  RelativeSegments?: SegmentTimes[] | null | undefined;
};
type SegmentTimes = {
  Start?: number | undefined;
  End?: number | undefined;
  RelativeStart?: number | undefined;
  RelativeEnd?: number | undefined;
};

export const toMs = (seconds: number | undefined): number => Math.round((seconds ?? 0) * 1_000);

/**
 * The parts of a stream's media that the viewer shows, in the order of the viewer's clock. Without
 * `RelativeSegments` it is one part: the whole media, at the stream's start.
 */
export function piecesOf({ RelativeStart, RelativeSegments }: StreamTimes): AudioPiece[] {
  const stream_ms = toMs(RelativeStart);
  const pieces: AudioPiece[] = [];
  for (const segment of RelativeSegments ?? []) {
    const from_ms = toMs(segment.Start);
    const previous = pieces.at(-1);
    const previousEnd = previous
      ? previous.at_ms + previous.until_ms! - previous.from_ms
      : stream_ms;
    const at_ms = segment.RelativeStart === undefined ? previousEnd : toMs(segment.RelativeStart);
    const until_ms =
      segment.End !== undefined
        ? toMs(segment.End)
        : segment.RelativeEnd !== undefined
          ? from_ms + toMs(segment.RelativeEnd) - at_ms
          : 0;
    if (until_ms > from_ms) pieces.push({ from_ms, until_ms, at_ms });
  }
  if (pieces.length === 0) return [{ from_ms: 0, at_ms: stream_ms }];

  // Some sites count the segments of a later stream from the stream's own start.
  const first_ms = Math.min(...pieces.map(({ at_ms }) => at_ms));
  const shift = first_ms + 1_000 < stream_ms ? stream_ms : 0;
  return pieces
    .map((piece) => ({ ...piece, at_ms: piece.at_ms + shift }))
    .toSorted((a, b) => a.at_ms - b.at_ms);
}

/** The clock of a session's media: that of its first stream with a picture of the lecturer, or of any. */
export function viewerClockOf({
  Streams,
  Duration,
}: {
  Streams?: StreamTimes[] | null | undefined;
  Duration?: number | undefined;
}): ViewerClock {
  const trimmed = (Streams ?? []).filter(({ RelativeSegments }) => RelativeSegments?.length);
  const primary = trimmed.find(({ Tag }) => Tag === "DV") ?? trimmed[0];
  return {
    pieces: primary ? piecesOf(primary) : [{ from_ms: 0, at_ms: 0 }],
    duration_ms: toMs(Duration) || null,
  };
}
