import { join } from "node:path";
import { AppError } from "../errors";
import { SPEECH_MP3 } from "./extract-audio";
import { type OnSpawn, runTool } from "./ffmpeg";

/** The grid on which loudness is measured. */
const FRAME_MS = 100;

/** A pause of this length is never inside a word. */
const PAUSE_FRAMES = 5;

/** Decoding is several hundred times faster than playback: minutes for the longest recording. */
const TIMEOUT_MS = 30 * 60_000;

export type AudioPart = {
  path: string;
  /** The start of the part in the whole; it ends at the start of the next part. */
  start_ms: number;
  end_ms: number;
};

type Whole = { path: string; duration_ms: number };
type SplitOptions = { maxPartMs: number; signal: AbortSignal; onSpawn?: OnSpawn };

/**
 * Cuts speech into parts of at most `maxPartMs`, each at the quietest half second of the last
 * third before its limit. Quietest and not silent: a hall with a noisy fan has pauses too.
 *
 * @param audio       made by `extractAudio`
 * @param scratchDir  receives the parts, named after where they start
 * @throws AppError `audio_extraction_failed`, `tool_missing`, `tool_killed`
 */
export async function splitAudio(
  audio: Whole,
  scratchDir: string,
  options: SplitOptions,
): Promise<AudioPart[]> {
  const loudness = await measureLoudness(audio.path, options);
  const starts = [0, ...chooseCuts(loudness, audio.duration_ms, options.maxPartMs)];
  const parts = starts.map((start_ms, i) => ({
    path: join(scratchDir, `part-${start_ms}.mp3`),
    start_ms,
    end_ms: starts[i + 1] ?? audio.duration_ms,
  }));
  await writeParts(audio.path, parts, options);
  return parts;
}

/**
 * Picks where to cut, in milliseconds, so that no part is longer than `maxPartMs`.
 *
 * @param loudness  power of each 100 ms
 */
export function chooseCuts(loudness: number[], duration_ms: number, maxPartMs: number): number[] {
  const cuts: number[] = [];
  let start_ms = 0;
  while (duration_ms - start_ms > maxPartMs) {
    start_ms = quietestMoment(loudness, start_ms + (maxPartMs * 2) / 3, start_ms + maxPartMs);
    cuts.push(start_ms);
  }
  return cuts;
}

/** The middle of the quietest half second between two moments, the later one of equals. */
function quietestMoment(loudness: number[], from_ms: number, to_ms: number): number {
  let quietest = Number.POSITIVE_INFINITY;
  let moment_ms = Math.floor(to_ms);
  const last = Math.floor(to_ms / FRAME_MS) - PAUSE_FRAMES;
  for (let first = Math.ceil(from_ms / FRAME_MS); first <= last; first++) {
    const power = loudness
      .slice(first, first + PAUSE_FRAMES)
      .reduce((sum, frame) => sum + frame, 0);
    if (power > quietest) continue;
    quietest = power;
    moment_ms = (first + PAUSE_FRAMES / 2) * FRAME_MS;
  }
  return moment_ms;
}

async function measureLoudness(path: string, { signal, onSpawn }: SplitOptions): Promise<number[]> {
  const loudness: number[] = [];
  const statistics = "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=RMS_level";
  const filter = `asetnsamples=${16 * FRAME_MS},${statistics},ametadata=mode=print:file=-`;
  await ffmpeg(["-i", path, "-af", filter, "-f", "null", "-"], {
    signal,
    onSpawn,
    onLine: (line) => {
      const decibels = /RMS_level=(.+)/.exec(line)?.[1];
      if (decibels) loudness.push(10 ** (Number(decibels.replace("inf", "Infinity")) / 10) || 0);
    },
  });
  return loudness;
}

/**
 * Decodes once for all parts and encodes each part again, because an MP3 frame depends on earlier
 * frames: copied frames would start with a click and up to 0.2 s too early or late (measured).
 */
async function writeParts(path: string, parts: AudioPart[], { signal, onSpawn }: SplitOptions) {
  const outputs = parts.flatMap((part) => [
    ...["-ss", `${part.start_ms}ms`, "-to", `${part.end_ms}ms`],
    ...[...SPEECH_MP3, "-y", part.path],
  ]);
  await ffmpeg(["-i", path, ...outputs], { signal, onSpawn });
}

type FfmpegOptions = { signal: AbortSignal; onSpawn?: OnSpawn; onLine?: (line: string) => void };

async function ffmpeg(args: string[], options: FfmpegOptions): Promise<void> {
  const quiet = ["-nostdin", "-v", "error", "-xerror"];
  const { exitCode, stderr } = await runTool("ffmpeg", [...quiet, ...args], {
    ...options,
    timeoutMs: TIMEOUT_MS,
  });
  if (exitCode !== 0) throw new AppError("audio_extraction_failed", { exitCode, stderr });
}
