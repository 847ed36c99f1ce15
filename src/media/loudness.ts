/**
 * Loudness of speech: the level of each quarter of a second of mono audio at 16 kHz, in dB below full
 * scale. ffmpeg drops an unfinished window when the sample rate changes, so windows are short;
 * shorter ones cost more CPU.
 */
const WINDOW_SAMPLES = 4_000;

/** Speech reaches this level in a quarter of a second, even with a quiet microphone. */
export const SPEECH_DB = -45;

/** Below this there is nothing to transcribe: zeros, the noise of an encoder or of an open input. */
export const SILENCE_DB = -55;

/** Of a long recording every eighth window is measured: all of them would cost as much as encoding. */
const SAMPLED_WINDOWS = 8;
const LONG_MS = 10 * 60_000;

/** Filters that print the level of each window to a pipe of ffmpeg: `1` or `2`. */
export const levelFilters = (pipe: 1 | 2): string =>
  [
    `asetnsamples=n=${WINDOW_SAMPLES}:p=0`,
    "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=RMS_level",
    `ametadata=mode=print:key=lavfi.astats.Overall.RMS_level:file='pipe\\:${pipe}':direct=1`,
  ].join(",");

/**
 * Passes the audio on unchanged and prints the level of its windows to a pipe of ffmpeg.
 *
 * @param duration_ms  of the recording; null when it is unknown
 */
export function besideLevelFilters(pipe: 1 | 2, duration_ms: number | null): string {
  const isLong = duration_ms === null || duration_ms > LONG_MS;
  const sample = isLong ? `aselect='not(mod(n\\,${SAMPLED_WINDOWS}))',` : "";
  const split = `asetnsamples=n=${WINDOW_SAMPLES}:p=0,asplit[encoded][measured]`;
  return `${split};[measured]${sample}${levelFilters(pipe)},anullsink;[encoded]anull`;
}

/** This many windows, ten seconds, are enough to know that a track is audible. */
const ENOUGH_WINDOWS = 40;

/** Collects the levels that `levelFilters` prints. */
export class LevelMeter {
  readonly #levels: number[] = [];
  #loudWindows = 0;

  /** Reads one line of ffmpeg's output; other lines are ignored. */
  read(line: string): void {
    const text = /RMS_level=(-?[\d.]+|-inf)/.exec(line)?.[1];
    if (text === undefined) return;
    const level = text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
    this.#levels.push(level);
    if (level >= SPEECH_DB) this.#loudWindows++;
  }

  get isAudible(): boolean {
    return this.#loudWindows >= ENOUGH_WINDOWS;
  }

  /** The level that the loudest hundredth reaches: a single click does not make a track audible. */
  get level(): number {
    const sorted = this.#levels.toSorted((a, b) => b - a);
    return sorted[Math.floor(sorted.length / 100)] ?? Number.NEGATIVE_INFINITY;
  }
}
