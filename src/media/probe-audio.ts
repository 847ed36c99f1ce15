import { z } from "zod";
import { AppError } from "../errors";
import { type OnSpawn, runTool, UNTRUSTED_INPUT } from "./ffmpeg";

/** Reading headers takes milliseconds; a file that needs longer is made to waste our time. */
const TIMEOUT_MS = 20_000;

/** What an upload may be: mp3, m4a and mp4, aac, wav, flac, ogg and opus, webm. */
const SOUND_FORMATS = ["mp3", "mov", "aac", "wav", "flac", "ogg", "matroska"];

export type Sound = {
  codec: string;
  sample_rate: number;
  channels: number;
  duration_ms: number | null;
};

/** What ffprobe says of a file. Durations are null where the file does not state one. */
export type Media = {
  /** ffmpeg's name of the container: several words for one kind, such as `mov,mp4,m4a,…`. */
  format: string;
  /** Of the longest stream: the picture may go on when the sound has ended. */
  duration_ms: number | null;
  /** The first sound; null when there is none. */
  sound: Sound | null;
  /** Codecs of moving pictures; a cover image is none. */
  video_codecs: string[];
};

export type ProbedAudio = Sound & { format: string };

type ProbeOptions = { signal: AbortSignal; onSpawn?: OnSpawn };

/**
 * Says what sound a file holds, from its bytes and not from its name.
 *
 * @throws AppError `audio_invalid` for anything but a sound file, with what was found instead
 */
export async function probeAudio(path: string, options: ProbeOptions): Promise<ProbedAudio> {
  const media = await probeMedia(path, options);
  if (!media) throw new AppError("audio_invalid", { found: "no known media format" });

  const { format, sound, video_codecs } = media;
  if (video_codecs.length > 0) {
    throw new AppError("audio_invalid", { found: `${format} with ${video_codecs[0]} video` });
  }
  if (!sound) throw new AppError("audio_invalid", { found: `${format} without sound` });
  if (!SOUND_FORMATS.includes(format.split(",")[0]!)) {
    throw new AppError("audio_invalid", { found: format });
  }
  return { format, ...sound, duration_ms: sound.duration_ms ?? media.duration_ms };
}

/** Describes a local media file; null when ffprobe cannot read it, or may not. */
export async function probeMedia(path: string, options: ProbeOptions): Promise<Media | null> {
  let json = "";
  const entries =
    "format=format_name,duration:stream=codec_type,codec_name,sample_rate,channels,duration:stream_disposition=attached_pic";
  const { exitCode, stderr } = await runTool(
    "ffprobe",
    ["-v", "warning", ...UNTRUSTED_INPUT, "-show_entries", entries, "-of", "json", path],
    { ...options, timeoutMs: TIMEOUT_MS, onLine: (line) => (json += line) },
  );
  if (exitCode !== 0) return null;

  const { format, streams } = Probe.parse(JSON.parse(json));
  // Raw AAC and headerless MP3 state no length. ffprobe then divides size by bit rate, far off at times.
  const guessed = stderr.includes("Estimating duration from bitrate");
  const sound = streams.find((stream) => stream.codec_type === "audio");
  return {
    format: format.format_name,
    duration_ms: guessed ? null : toMs(format.duration),
    sound: sound?.sample_rate
      ? {
          codec: sound.codec_name,
          sample_rate: sound.sample_rate,
          channels: sound.channels,
          duration_ms: guessed ? null : toMs(sound.duration),
        }
      : null,
    video_codecs: streams
      .filter((stream) => stream.codec_type === "video" && !stream.disposition.attached_pic)
      .map((stream) => stream.codec_name),
  };
}

const Seconds = z.coerce.number().nonnegative().optional();
const Probe = z.object({
  format: z.object({ format_name: z.string(), duration: Seconds }),
  streams: z.array(
    z.object({
      codec_type: z.string().default("unknown"),
      codec_name: z.string().default("unknown"),
      sample_rate: z.coerce.number().int().positive().optional(),
      channels: z.int().default(0),
      duration: Seconds,
      disposition: z.object({ attached_pic: z.int().default(0) }).default({ attached_pic: 0 }),
    }),
  ),
});

const toMs = (seconds: number | undefined) =>
  seconds === undefined ? null : Math.round(seconds * 1_000);
