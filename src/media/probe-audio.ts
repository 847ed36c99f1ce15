import { z } from "zod";
import { AppError } from "../errors";
import { type OnSpawn, runTool, UNTRUSTED_INPUT } from "./ffmpeg";

/** Reading headers takes milliseconds; a file that needs longer is an attack. */
const TIMEOUT_MS = 20_000;

/** Formats of uploads: mp3, m4a and mp4, aac, wav, flac, ogg and opus, webm, aiff, wma, caf, amr. */
const AUDIO_FORMATS = [
  ...["mp3", "mov", "aac", "wav", "flac", "ogg", "matroska", "aiff", "asf", "caf", "amr", "w64"],
];

export type AudioTrack = {
  codec: string;
  sample_rate: number;
  channels: number;
  duration_ms: number | null;
};

/** The data that ffprobe reads from a file. A duration is null if the file does not state it. */
export type Media = {
  /** ffmpeg's name of the container: several words for one kind, such as `mov,mp4,m4a,…`. */
  format: string;
  /** Of the longest stream, from the file's first timestamp: the picture can outlast the audio. */
  duration_ms: number | null;
  /** The first audio track; null without one. */
  audio: AudioTrack | null;
  /** The number of channels of each audio track. */
  audio_channels: number[];
  /** Codecs of moving pictures; covers and pictures of chapters are not listed. */
  video_codecs: string[];
};

export type ProbedAudio = AudioTrack & { format: string };

type ProbeOptions = { signal: AbortSignal; onSpawn?: OnSpawn };

/**
 * Describes the audio in a file, from its bytes and not from its name.
 *
 * @throws AppError `audio_invalid` for anything but an audio file, with the format that was found
 */
export async function probeAudio(path: string, options: ProbeOptions): Promise<ProbedAudio> {
  const media = await probeMedia(path, options);
  if (!media) throw (await isMp4(path)) ? WITHOUT_INDEX() : UNKNOWN_FORMAT();

  const { format, audio, video_codecs } = media;
  if (video_codecs.length > 0) {
    throw new AppError("audio_invalid", { found: `${format} with ${video_codecs[0]} video` });
  }
  if (!audio) throw new AppError("audio_invalid", { found: `${format} without audio` });
  if (!AUDIO_FORMATS.includes(format.split(",")[0]!)) {
    throw new AppError("audio_invalid", { found: format });
  }
  return { format, ...audio, duration_ms: audio.duration_ms ?? media.duration_ms };
}

const UNKNOWN_FORMAT = () => new AppError("audio_invalid", { found: "no known media format" });

/** Without its index, which most programs write last, nothing in an MP4 can be found. */
const WITHOUT_INDEX = () =>
  new AppError("audio_invalid", {
    found: "an MP4 without its index",
    message:
      "The file is cut off, and its index is missing: copy or export it again, then upload it",
  });

const isMp4 = async (path: string) => (await Bun.file(path).slice(4, 8).text()) === "ftyp";

/** Describes a local media file; null when ffprobe cannot read it or its format is not allowed. */
export async function probeMedia(path: string, options: ProbeOptions): Promise<Media | null> {
  let json = "";
  const entries =
    "format=format_name,start_time,duration:stream=codec_type,codec_name,sample_rate,channels,duration,avg_frame_rate:stream_disposition=attached_pic,timed_thumbnails,still_image";
  const { exitCode, stderr } = await runTool(
    "ffprobe",
    ["-v", "warning", ...UNTRUSTED_INPUT, "-show_entries", entries, "-of", "json", path],
    { ...options, timeoutMs: TIMEOUT_MS, onLine: (line) => (json += line) },
  );
  if (exitCode !== 0) return null;

  const { format, streams } = Probe.parse(JSON.parse(json));
  // Raw AAC and MP3 without a header frame state no length. ffprobe then divides the size by the bit
  // rate, which can be far off.
  const guessed = stderr.includes("Estimating duration from bitrate");
  const tracks = streams.filter((stream) => stream.codec_type === "audio");
  const audio = tracks[0];
  return {
    format: format.format_name,
    duration_ms: guessed ? null : durationOf(format),
    audio: audio?.sample_rate
      ? {
          codec: audio.codec_name,
          sample_rate: audio.sample_rate,
          channels: audio.channels,
          duration_ms: guessed ? null : toMs(audio.duration),
        }
      : null,
    audio_channels: tracks.map((track) => track.channels),
    video_codecs: streams
      .filter((stream) => stream.codec_type === "video" && !isStill(stream))
      .map((stream) => stream.codec_name),
  };
}

/** Matroska states the last timestamp as its duration: a file can start late, as after a live stream. */
function durationOf({ format_name, start_time, duration }: z.infer<typeof Format>): number | null {
  const statesEnd = format_name.startsWith("matroska");
  return toMs(duration && statesEnd ? Math.max(0, duration - Math.max(0, start_time)) : duration);
}

const STILL_CODECS = ["mjpeg", "png", "bmp", "gif", "webp", "tiff"];

/** A cover, or the pictures of chapters: one now and then, in a codec of pictures. */
function isStill({ codec_name, disposition, avg_frame_rate }: Stream): boolean {
  if (disposition.attached_pic || disposition.timed_thumbnails || disposition.still_image) {
    return true;
  }
  const [frames = 0, seconds = 1] = avg_frame_rate.split("/").map(Number);
  return STILL_CODECS.includes(codec_name) && frames <= seconds;
}

const Seconds = z.coerce.number().nonnegative().optional().catch(undefined);
const Format = z.object({
  format_name: z.string(),
  start_time: z.coerce.number().catch(0),
  duration: Seconds,
});
const Stream = z.object({
  codec_type: z.string().default("unknown"),
  codec_name: z.string().default("unknown"),
  sample_rate: z.coerce.number().int().positive().optional(),
  channels: z.int().default(0),
  duration: Seconds,
  avg_frame_rate: z.string().default("0/0"),
  disposition: z
    .object({
      attached_pic: z.int().default(0),
      timed_thumbnails: z.int().default(0),
      still_image: z.int().default(0),
    })
    .default({ attached_pic: 0, timed_thumbnails: 0, still_image: 0 }),
});
type Stream = z.infer<typeof Stream>;
const Probe = z.object({ format: Format, streams: z.array(Stream) });

const toMs = (seconds: number | undefined) =>
  seconds === undefined ? null : Math.round(seconds * 1_000);
