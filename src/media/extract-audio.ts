import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { AppError } from "../errors";
import { type OnSpawn, runTool, UNTRUSTED_INPUT } from "./ffmpeg";
import { type Media, probeMedia } from "./probe-audio";

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

/** Ten hours is what speech services take. An hour of sound needs about 10 s of one CPU. */
const LIMITS: ExtractionLimits = { maxDurationMs: 10 * 3_600_000, timeoutMs: 30 * 60_000 };

export type ExtractOptions = {
  signal: AbortSignal;
  /** From 0 to 1, about twice a second. */
  onProgress?: (fraction: number) => void;
  onSpawn?: OnSpawn;
  /** What the source says the recording's length is; a shorter one is refused. */
  announced_duration_ms?: number;
  limits?: ExtractionLimits;
};

export type ExtractedAudio = {
  path: string;
  duration_ms: number;
  /** Of the MP3, in hexadecimal. */
  sha256: string;
  size_bytes: number;
};

/** An MP3 decoder starts this many samples late when the file has no header frame that says so. */
const ENCODER_DELAY_SAMPLES = 1_105;

/**
 * Keeps only the sound of a recording: mono MP3, 16 kHz, 64 kbit/s, on the recording's own clock.
 *
 * A gap in the recording's timestamps becomes silence, so a later word never moves. Damage that
 * ffmpeg notices, and a file that ends early, are errors; left alone ffmpeg exits 0 on both.
 *
 * The MP3 has no header frame: ffmpeg would write that last, and the checksum, computed while the file
 * is written, would need a second read. Without it a decoder cannot know the encoder's delay of 69 ms,
 * so the same time is cut from the start, and every word is heard when it was spoken.
 *
 * @param scratchDir  receives `audio.mp3`
 * @throws AppError `recording_without_sound`, `recording_incomplete`, `recording_too_long`,
 *   `audio_extraction_failed` with the end of what ffmpeg printed, `storage_unavailable` when
 *   the disk is full, `tool_missing`, `tool_killed`
 */
export async function extractAudio(
  recordingPath: string,
  scratchDir: string,
  options: ExtractOptions,
): Promise<ExtractedAudio> {
  const { maxDurationMs } = options.limits ?? LIMITS;
  const media = await probeMedia(recordingPath, options);
  if (!media) throw new AppError("audio_extraction_failed", { reason: "no known media format" });
  if (!media.sound) throw new AppError("recording_without_sound", { format: media.format });
  refuseTooLong(media.duration_ms ?? 0, maxDurationMs);

  const path = join(scratchDir, "audio.mp3");
  const { sha256, size_bytes } = await encode(recordingPath, path, media, options);

  const duration_ms = Math.round(size_bytes / AUDIO_BYTES_PER_MS);
  if (duration_ms === 0) throw new AppError("recording_without_sound", { format: media.format });
  refuseTooLong(duration_ms, maxDurationMs);
  refuseIncomplete(media, duration_ms, options.announced_duration_ms);
  return { path, duration_ms, sha256, size_bytes };
}

async function encode(
  recordingPath: string,
  path: string,
  { duration_ms }: Media,
  { signal, onProgress, onSpawn, announced_duration_ms, limits = LIMITS }: ExtractOptions,
): Promise<{ sha256: string; size_bytes: number }> {
  const hash = new Bun.CryptoHasher("sha256");
  let size_bytes = 0;
  await using file = await open(path, "w");
  const expected_ms = duration_ms ?? announced_duration_ms;
  const capMs = limits.maxDurationMs + 1_000; // one more second, to tell "at the limit" from "cut"
  const { exitCode, stderr } = await runTool(
    "ffmpeg",
    [
      ...["-nostdin", "-v", "error", "-xerror", "-nostats", "-progress", "pipe:2", "-threads", "1"],
      ...[...UNTRUSTED_INPUT, "-i", recordingPath],
      ...["-map", "0:a:0", "-vn", "-sn", "-dn"],
      ...["-af", `aresample=16000:async=1:first_pts=0,atrim=start_sample=${ENCODER_DELAY_SAMPLES}`],
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
        size_bytes += bytes.length;
        await file.writeFile(bytes).catch(refuseFullDisk);
      },
      onProgressLine: (line) => {
        const encoded_ms = parseProgress(line);
        if (encoded_ms && expected_ms) onProgress?.(Math.min(1, encoded_ms / expected_ms));
      },
    },
  );
  if (exitCode !== 0 || RESYNCED.test(stderr)) {
    // ffmpeg's message contains the path; the folder of our scratch files is not for callers.
    const message = stderr.replaceAll(recordingPath, basename(recordingPath));
    throw new AppError("audio_extraction_failed", { exitCode, stderr: message });
  }
  return { sha256: hash.digest("hex"), size_bytes };
}

/** A full disk is not the recording's fault: a later attempt can find room. */
function refuseFullDisk(cause: NodeJS.ErrnoException): never {
  if (cause.code !== "ENOSPC") throw cause;
  throw new AppError("storage_unavailable", { reason: "ENOSPC" }, { cause });
}

/** In these containers ffmpeg skips what is damaged, says so and exits 0, whatever `-xerror` says. */
const RESYNCED = /^\[(ogg|matroska,webm) @/m;

/** ffmpeg's `out_time_ms` holds microseconds as well, so only `out_time_us` says what it means. */
function parseProgress(line: string): number | null {
  const microseconds = /^out_time_us=(\d+)/.exec(line)?.[1];
  return microseconds ? Number(microseconds) / 1_000 : null;
}

function refuseTooLong(duration_ms: number, max_ms: number): void {
  if (duration_ms > max_ms) throw new AppError("recording_too_long", { duration_ms, max_ms });
}

/**
 * Two promises are checked: the file's about its sound, and the source's about the file. They are
 * apart because a complete recording may well have sound that ends before its picture does.
 */
function refuseIncomplete(media: Media, sound_ms: number, announced_ms = 0): void {
  const promises = [
    { expected_ms: media.sound?.duration_ms ?? media.duration_ms ?? 0, found_ms: sound_ms },
    // A stream whose clock starts anew on the way, as after a pause, seems as short as its last part.
    { expected_ms: announced_ms, found_ms: Math.max(media.duration_ms ?? 0, sound_ms) },
  ];
  for (const { expected_ms, found_ms } of promises) {
    const tolerance_ms = Math.max(2_000, expected_ms / 100);
    if (found_ms + tolerance_ms < expected_ms) {
      throw new AppError("recording_incomplete", { expected_ms, found_ms });
    }
  }
}
