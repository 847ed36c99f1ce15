import type { AudioPiece } from "../../media/join-audio";
import type { RecordingAddress } from "../audio-source";
import type { Delivery, DeliveryStream } from "./delivery-info";
import { piecesOf, toMs } from "./stream-pieces";

/** One media file or HLS stream of a source. */
export type SourcePart = {
  url: string;
  /** Length of the media as far as it is used; null when Panopto does not state it. */
  announced_duration_ms: number | null;
  /** The parts of it that the viewer shows; see `piecesOf`. */
  pieces: AudioPiece[];
};

/** One way to the audio of a whole session. */
export type RecordingStream = {
  name: "podcast_audio" | "audio_stream" | "audio_rendition" | "podcast_video" | "stream";
  /** Accept only media without a picture. */
  audioOnly: boolean;
  /** Streams that follow each other, as after a pause of the recording. */
  parts: SourcePart[];
  /** The end of the audio on the viewer's clock; null when Panopto does not state it. */
  end_ms: number | null;
};

/** Streams of one kind that overlap by less than this follow each other. */
const OVERLAP_MS = 1_000;

/**
 * The ways to the audio, the one with the fewest bytes first: the audio podcast, a stream without a
 * picture, an audio rendition of any stream, the combined MP4, and at last any stream. Ways that
 * cover only a part of the session come after those that cover all of it.
 */
export function listSources(
  { origin, session_id }: RecordingAddress,
  delivery: Delivery,
  { signedIn }: { signedIn: boolean },
): RecordingStream[] {
  const duration_ms = toMs(delivery.Duration) || null;
  const whole = (name: RecordingStream["name"], url: string): RecordingStream => ({
    name,
    audioOnly: false,
    parts: [{ url, announced_duration_ms: duration_ms, pieces: [{ from_ms: 0, at_ms: 0 }] }],
    end_ms: duration_ms,
  });
  const podcastUrl = `${origin}/Panopto/Podcast/Download/${session_id}.mp4?mediaTargetType=audioPodcast`;
  const podcasts = (delivery.PodcastStreams ?? []).flatMap(addressesOf);
  const views = streamRows(delivery, (tag) => tag !== "AUDIO");

  const sources = [
    ...(signedIn ? [whole("podcast_audio", podcastUrl)] : []),
    ...streamRows(delivery, (tag) => tag === "AUDIO").map((row) =>
      toSource("audio_stream", row, duration_ms),
    ),
    ...views.map((row) => toSource("audio_rendition", row, duration_ms)),
    ...podcasts.map((url) => whole("podcast_video", url)),
    ...views.map((row) => toSource("stream", row, duration_ms)),
  ];
  const isWhole = (source: RecordingStream) =>
    duration_ms === null || coveredMs(source, duration_ms) >= duration_ms * MOST;
  return [...sources.filter(isWhole), ...sources.filter((source) => !isWhole(source))];
}

/** `StreamUrl` can be missing, or of a protocol that no player uses any more; `StreamHttpUrl` is a file. */
function addressesOf({ StreamUrl, StreamHttpUrl }: DeliveryStream): string[] {
  const urls = [StreamUrl, StreamHttpUrl].filter((url): url is string => isHttp(url));
  // If none can be fetched, the error of the first source is the reason.
  return urls.length > 0 ? [...new Set(urls)] : StreamUrl ? [StreamUrl] : [];
}

const isHttp = (url: string | null | undefined) => /^https?:/i.test(url ?? "");

/** A source that covers this share of a session keeps its place before other sources. */
const MOST = 0.75;

type LocatedStream = DeliveryStream & { url: string };

/**
 * Rows of consecutive streams: streams with the same tag and without overlapping times. The row with
 * the streams' second addresses is last.
 */
function streamRows(
  { Streams }: Delivery,
  isWanted: (tag: string | undefined) => boolean,
): LocatedStream[][] {
  const wanted = (Streams ?? []).filter(({ Tag }) => isWanted(Tag));
  const rowsOf = (choose: (urls: string[]) => string | undefined): LocatedStream[][] => {
    const rows: LocatedStream[][] = [];
    const located = wanted.flatMap((stream) => {
      const url = choose(addressesOf(stream));
      return url === undefined ? [] : [{ ...stream, url }];
    });
    for (const stream of located.toSorted(
      (a, b) => toMs(a.RelativeStart) - toMs(b.RelativeStart),
    )) {
      const row = rows.find((streams) => follows(streams.at(-1)!, stream));
      if (row) row.push(stream);
      else rows.push([stream]);
    }
    return rows.toSorted((a, b) => rank(a[0]!) - rank(b[0]!));
  };
  const hasSecond = wanted.some((stream) => addressesOf(stream).length > 1);
  return [...rowsOf((urls) => urls[0]), ...(hasSecond ? rowsOf((urls) => urls.at(-1)) : [])];
}

const follows = (previous: DeliveryStream, next: DeliveryStream) =>
  previous.Tag === next.Tag &&
  previous.RelativeEnd !== undefined &&
  toMs(previous.RelativeEnd) > toMs(previous.RelativeStart) &&
  toMs(next.RelativeStart) >= toMs(previous.RelativeEnd) - OVERLAP_MS;

/** The lecturer's camera has the microphone more often than a screen has. */
const rank = ({ Tag }: DeliveryStream) => (Tag === "DV" ? 0 : 1);

function toSource(
  name: RecordingStream["name"],
  row: LocatedStream[],
  duration_ms: number | null,
): RecordingStream {
  const parts = row.map((stream, i) => toPart(stream, i === row.length - 1 ? duration_ms : null));
  const { pieces, announced_duration_ms } = parts.at(-1)!;
  const { from_ms, until_ms, at_ms } = pieces.at(-1)!;
  const length_ms = until_ms === undefined ? announced_duration_ms : until_ms - from_ms;
  return {
    name,
    audioOnly: name === "audio_rendition",
    parts,
    end_ms: length_ms === null ? null : at_ms + length_ms,
  };
}

/** @param session_ms  end of the session, for a last stream without an end */
function toPart(stream: LocatedStream, session_ms: number | null): SourcePart {
  const pieces = piecesOf(stream);
  const start_ms = toMs(stream.RelativeStart);
  const end_ms = toMs(stream.RelativeEnd) || (session_ms ?? 0);
  const used_ms = pieces.reduce((latest, { until_ms = 0 }) => Math.max(latest, until_ms), 0);
  return {
    url: stream.url,
    announced_duration_ms: used_ms || (end_ms > start_ms ? end_ms - start_ms : null),
    pieces,
  };
}

/** The length of the session that the source's audio covers. */
function coveredMs({ parts, end_ms }: RecordingStream, duration_ms: number): number {
  const end = end_ms ?? duration_ms;
  return parts
    .flatMap(({ pieces }) => pieces)
    .reduce((sum, { from_ms, until_ms, at_ms }, i, all) => {
      const next = all[i + 1]?.at_ms ?? end;
      return (
        sum + (until_ms === undefined ? next - at_ms : Math.min(until_ms - from_ms, next - at_ms))
      );
    }, 0);
}
