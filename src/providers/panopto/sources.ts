import type { RecordingAddress } from "../audio-source";
import { type Delivery, toMs } from "./delivery-info";

/** One way to the sound of a session. */
export type Source = {
  name: "podcast_audio" | "audio_stream" | "audio_rendition" | "podcast_video" | "stream";
  url: string;
  /** Worth taking only when it has no picture. */
  audioOnly: boolean;
  offset_ms: number;
  announced_duration_ms: number | null;
};

type Stream = NonNullable<Delivery["Streams"]>[number];

/**
 * The ways to the sound, the one with the fewest bytes first: the audio podcast, a stream that is
 * only sound, an audio rendition of any stream, the combined MP4, and at last any stream.
 */
export function listSources(
  { origin, session_id }: RecordingAddress,
  delivery: Delivery,
  { signedIn }: { signedIn: boolean },
): Source[] {
  const whole = { offset_ms: 0, announced_duration_ms: toMs(delivery.Duration) || null };
  const streams = (delivery.Streams ?? []).filter(({ StreamUrl }) => StreamUrl);
  // A lecturer's camera has the microphone more often than a screen has.
  const ordered = streams.toSorted((a, b) => rank(a) - rank(b));
  const sound = ordered.filter(({ Tag }) => Tag === "AUDIO");
  const views = ordered.filter(({ Tag }) => Tag !== "AUDIO");

  const podcastAudio: Source = {
    ...whole,
    name: "podcast_audio",
    url: `${origin}/Panopto/Podcast/Download/${session_id}.mp4?mediaTargetType=audioPodcast`,
    audioOnly: false,
  };
  const podcastVideos = (delivery.PodcastStreams ?? [])
    .filter(({ StreamUrl }) => StreamUrl)
    .map((stream) => ({ ...toSource("podcast_video", stream, delivery), ...whole }));

  return [
    ...(signedIn ? [podcastAudio] : []),
    ...sound.map((stream) => toSource("audio_stream", stream, delivery)),
    ...views.map((stream) => toSource("audio_rendition", stream, delivery)),
    ...podcastVideos,
    ...views.map((stream) => toSource("stream", stream, delivery)),
  ];
}

const rank = ({ Tag }: Stream) => (Tag === "DV" ? 0 : 1);

function toSource(name: Source["name"], stream: Stream, delivery: Delivery): Source {
  const offset_ms = toMs(stream.RelativeStart);
  const end_ms = toMs(stream.RelativeEnd) || toMs(delivery.Duration);
  return {
    name,
    url: stream.StreamUrl!,
    audioOnly: name === "audio_rendition",
    offset_ms,
    announced_duration_ms: end_ms > offset_ms ? end_ms - offset_ms : null,
  };
}
