import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { AppError } from "../errors";
import { FIRST_TRACK, findLouderTrack, type TrackChoice, toMono } from "./audible-track";
import { type OnSpawn, runTool, UNTRUSTED_INPUT } from "./ffmpeg";
import { besideLevelFilters, LevelMeter, SPEECH_DB } from "./loudness";
import { hasMissingEnd } from "./missing-end";
import { readMp3Structure } from "./mp3-structure";
import { isCleanOgg } from "./ogg-structure";
import { type Media, probeMedia } from "./probe-audio";
import { writeAll } from "./write-all";

/** 64 kbit/s, constant: 8 bytes a millisecond, 28.8 MB an hour. */
export const AUDIO_BYTES_PER_MS = 8;

/** Encoder options of every MP3 made here. Level 9 takes a third less CPU; speech stays as clear. */
export const SPEECH_MP3 = [
  ...["-ac", "1", "-ar", "16000", "-c:a", "libmp3lame", "-b:a", "64k", "-compression_level", "9"],
  ...["-map_metadata", "-1", "-threads", "1"],
];

export type ExtractionLimits = {
  maxDurationMs: number;
  timeoutMs: number;
};

/** Speech services accept ten hours. An hour of audio needs about 10 s of one CPU. */
const LIMITS: ExtractionLimits = { maxDurationMs: 10 * 3_600_000, timeoutMs: 30 * 60_000 };

export type ExtractOptions = {
  signal: AbortSignal;
  /** From 0 to 1, about twice a second. */
  onProgress?: (fraction: number) => void;
  onSpawn?: OnSpawn;
  /** Length of the recording as its source states it; a shorter one is refused. */
  announced_duration_ms?: number;
  limits?: ExtractionLimits;
};

export type ExtractedAudio = {
  path: string;
  duration_ms: number;
  /** Of the MP3, in hexadecimal. */
  sha256: string;
  size_bytes: number;
  /** Whether the recording was cut off at its end, or only the first of several joined files was read. */
  missing_end: boolean;
};

/** A decoder starts an MP3 without a header frame this many samples late. */
const ENCODER_DELAY_SAMPLES = 1_105;

/**
 * Converts a recording to mono MP3, 16 kHz, 64 kbit/s, on the recording's own clock.
 *
 * A gap in the recording's timestamps becomes silence, so a later word never moves. A file that was
 * cut off at its end gives the remaining audio, and `missing_end`. Damage elsewhere is an error, although
 * ffmpeg by itself exits 0. A silent first track or channel is replaced by an audible one.
 *
 * The MP3 has no header frame: ffmpeg would write that last, and the checksum, computed while the file
 * is written, would need a second read. Without it a decoder cannot know the encoder's delay of 69 ms,
 * so the same time is cut from the start, and every word keeps its original time.
 *
 * @param scratchDir  receives `audio.mp3`
 * @throws AppError `recording_without_sound`, `recording_incomplete`, `recording_too_long`,
 *   `audio_extraction_failed` with the end of ffmpeg's output, `storage_full`,
 *   `storage_unavailable`, `tool_missing`, `tool_killed`
 */
export async function extractAudio(
  recordingPath: string,
  scratchDir: string,
  options: ExtractOptions,
): Promise<ExtractedAudio> {
  const { maxDurationMs } = options.limits ?? LIMITS;
  const media = await probeMedia(recordingPath, options);
  if (!media) throw new AppError("audio_extraction_failed", { reason: "no known media format" });
  if (!media.audio) throw new AppError("recording_without_sound", { format: media.format });
  refuseTooLong(media.duration_ms ?? 0, maxDurationMs);

  const path = join(scratchDir, "audio.mp3");
  const encoding = { recordingPath, path, media, choice: FIRST_TRACK, options };
  let { mp3, strict } = await encodeWhole(encoding);
  if (mp3.level < SPEECH_DB) {
    const louder = await findLouderTrack(recordingPath, media, mp3.level, options);
    if (louder) ({ mp3, strict } = await encodeWhole({ ...encoding, choice: louder }));
  }

  const { sha256, size_bytes } = mp3;
  const duration_ms = toDurationMs(mp3);
  if (duration_ms === 0) throw new AppError("recording_without_sound", { format: media.format });
  refuseTooLong(duration_ms, maxDurationMs);
  const missing_end = await hasMissingEnd(recordingPath, media, {
    duration_ms,
    damagedEnd: mp3.isDamagedAtEnd,
    endsPrematurely: PREMATURE_END.test(strict.stderr),
  });
  const found_ms = missing_end ? duration_ms : Math.max(duration_ms, media.duration_ms ?? 0);
  refuseShorterThanAnnounced(found_ms, options.announced_duration_ms);
  return { path, duration_ms, sha256, size_bytes, missing_end };
}

type Encoding = {
  recordingPath: string;
  path: string;
  media: Media;
  choice: TrackChoice;
  options: ExtractOptions;
};
type Encoded = {
  sha256: string;
  size_bytes: number;
  exitCode: number;
  stderr: string;
  /** Of the audible parts, in dB below full scale. */
  level: number;
  isDamagedAtEnd: boolean;
};

const toDurationMs = ({ size_bytes }: Pick<Encoded, "size_bytes">) =>
  Math.round(size_bytes / AUDIO_BYTES_PER_MS);

/** A file that ends inside an element: all before it is fine. */
const PREMATURE_END = /File ended prematurely|Truncating packet of size/;

/** In these containers ffmpeg skips damage, reports it and exits 0, also with `-xerror`. */
const RESYNCED = /^\[(ogg|matroska,webm) @/;

const isDamaged = ({ exitCode, stderr }: Encoded) =>
  exitCode !== 0 ||
  stderr.split("\n").some((line) => RESYNCED.test(line) && !PREMATURE_END.test(line));

/** Encodes up to the first damage; when there is some, checks where it is. */
async function encodeWhole(encoding: Encoding): Promise<{ mp3: Encoded; strict: Encoded }> {
  const strict = await encode({ ...encoding, strict: true });
  return { strict, mp3: isDamaged(strict) ? await encodeDamaged(encoding, strict) : strict };
}

/** A last packet, page or cluster: more audio than this after the first error is damage in the middle. */
const LAST_PIECE_MS = 2_000;

/**
 * Encodes a file again in which ffmpeg found damage, without stopping there. The result is usable
 * when the damage lies at the end, or is only the join between two files.
 *
 * @throws AppError `audio_extraction_failed` for damage elsewhere
 */
async function encodeDamaged(encoding: Encoding, strict: Encoded): Promise<Encoded> {
  const failure = toExtractionFailure(encoding.recordingPath, strict);
  if (strict.exitCode === 0) throw failure; // the container skipped something in the middle
  const joined = await isJoined(encoding);
  const lenient = await encode({ ...encoding, strict: false, useTimestamps: !joined });
  if (lenient.exitCode !== 0) throw failure;
  const isDamagedAtEnd = toDurationMs(lenient) - toDurationMs(strict) <= LAST_PIECE_MS;
  if (isDamagedAtEnd) return { ...lenient, isDamagedAtEnd };
  if (!joined) throw failure;
  return lenient;
}

/** Whether a file consists of undamaged elements only, such as a file that was joined with `cat`. */
async function isJoined({ recordingPath, media }: Encoding): Promise<boolean> {
  if (media.format === "mp3") return (await readMp3Structure(recordingPath)).isClean;
  return media.format === "ogg" && (await isCleanOgg(recordingPath));
}

/** ffmpeg's messages contain the path; the folder of our scratch files is not for callers. */
const toExtractionFailure = (recordingPath: string, { exitCode, stderr }: Encoded) =>
  new AppError("audio_extraction_failed", {
    exitCode,
    stderr: stderr.replaceAll(recordingPath, basename(recordingPath)),
  });

/**
 * ffmpeg counts the timestamps of these formats itself, with the sample rate of the first frame. They
 * are wrong after a join with a file of another rate, so the audio alone is the clock.
 */
const WITHOUT_TIMESTAMPS = /^(?:mp3|aac|amr)$/;

/**
 * @param strict  stop at the first packet that ffmpeg cannot decode
 * @param useTimestamps  fill gaps between timestamps with silence; those of joined files restart
 */
async function encode({
  recordingPath,
  path,
  media,
  choice,
  options,
  strict,
  useTimestamps = !WITHOUT_TIMESTAMPS.test(media.format),
}: Encoding & { strict: boolean; useTimestamps?: boolean }): Promise<Encoded> {
  const { signal, onProgress, onSpawn, announced_duration_ms, limits = LIMITS } = options;
  const hash = new Bun.CryptoHasher("sha256");
  let size_bytes = 0;
  await using file = await open(path, "w");
  const expected_ms = media.duration_ms ?? announced_duration_ms;
  const capMs = limits.maxDurationMs + 1_000; // one more second, to distinguish "at the limit" from "cut"
  const filters = [
    toMono(choice),
    useTimestamps ? "aresample=16000:async=1:first_pts=0" : "aresample=16000",
    `atrim=start_sample=${ENCODER_DELAY_SAMPLES}`,
    besideLevelFilters(2, media.duration_ms),
  ];
  const meter = new LevelMeter();
  const { exitCode, stderr } = await runTool(
    "ffmpeg",
    [
      ...["-nostdin", "-v", "error", ...(strict ? ["-xerror"] : [])],
      ...["-nostats", "-progress", "pipe:2", "-threads", "1"],
      ...[...UNTRUSTED_INPUT, "-i", recordingPath],
      ...["-map", `0:a:${choice.track}`, "-vn", "-sn", "-dn"],
      ...["-af", filters.join(",")],
      ...SPEECH_MP3,
      ...["-t", `${capMs}ms`, "-fs", String(2 * capMs * AUDIO_BYTES_PER_MS)],
      ...["-f", "mp3", "-write_xing", "0", "-id3v2_version", "0", "pipe:1"],
    ],
    {
      signal,
      onSpawn,
      timeoutMs: limits.timeoutMs,
      onBytes: async (bytes) => {
        hash.update(bytes);
        await writeAll(file, bytes, size_bytes);
        size_bytes += bytes.length;
      },
      onProgressLine: (line) => {
        meter.read(line);
        const encoded_ms = parseProgress(line);
        if (encoded_ms && expected_ms) onProgress?.(Math.min(1, encoded_ms / expected_ms));
      },
    },
  );
  const { level } = meter;
  return { sha256: hash.digest("hex"), size_bytes, exitCode, stderr, level, isDamagedAtEnd: false };
}

/** ffmpeg's `out_time_ms` also contains microseconds, so `out_time_us` is the clear name. */
function parseProgress(line: string): number | null {
  const microseconds = /^out_time_us=(\d+)/.exec(line)?.[1];
  return microseconds ? Number(microseconds) / 1_000 : null;
}

function refuseTooLong(duration_ms: number, max_ms: number): void {
  if (duration_ms > max_ms) throw new AppError("recording_too_long", { duration_ms, max_ms });
}

/**
 * A download that is shorter than the source announced can be complete at the next attempt.
 *
 * @param found_ms  length of the audio, or of a picture that continues after the end of the audio
 */
function refuseShorterThanAnnounced(found_ms: number, announced_ms = 0): void {
  if (found_ms + Math.max(2_000, announced_ms / 100) < announced_ms) {
    throw new AppError("recording_incomplete", { expected_ms: announced_ms, found_ms });
  }
}
