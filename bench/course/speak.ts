import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { estimateSpokenMs, PAUSE_MS, type ScriptSentence } from "./make-course";

/** espeak-ng writes 16-bit mono samples at this rate. */
const RATE = 22_050;
const WAV_HEADER_BYTES = 44;

export const hasVoices = (): boolean => Bun.which("espeak-ng") !== null;

/**
 * Speaks each sentence and joins them to an MP3 with a pause after each. Without espeak-ng, each sentence is a
 * tone as long as its speech is estimated to be.
 *
 * @param voice  of espeak-ng, such as `de`
 * @returns the exact duration of each sentence in ms, without the pause
 * @throws Error when ffmpeg or espeak-ng fails
 */
export async function speak(
  script: readonly ScriptSentence[],
  voice: string,
  path: string,
): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), "course-speech-"));
  try {
    const parts: Int16Array[] = [];
    const durations: number[] = [];
    for (const [i, { text }] of script.entries()) {
      const samples = hasVoices() ? await synthesize(text, voice, folder) : tone(text, i);
      // A whole number of milliseconds, so that the times are exact.
      const duration_ms = Math.ceil((samples.length / RATE) * 1_000);
      const padded = new Int16Array(Math.round(((duration_ms + PAUSE_MS) * RATE) / 1_000));
      padded.set(samples.subarray(0, padded.length));
      parts.push(padded);
      durations.push(duration_ms);
    }
    const raw = join(folder, "speech.raw");
    await Bun.write(raw, new Blob(parts as BlobPart[]));
    await $`ffmpeg -v error -y -f s16le -ar ${RATE} -ac 1 -i ${raw} -b:a 48k ${path}`;
    return durations;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function synthesize(text: string, voice: string, folder: string): Promise<Int16Array> {
  const wav = join(folder, "sentence.wav");
  await $`espeak-ng -v ${voice} -w ${wav} ${text}`.quiet();
  return new Int16Array((await Bun.file(wav).arrayBuffer()).slice(WAV_HEADER_BYTES));
}

function tone(text: string, index: number): Int16Array {
  const frequency = 220 + 20 * (index % 20);
  const length = Math.round((estimateSpokenMs(text) * RATE) / 1_000);
  return Int16Array.from({ length }, (_, i) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * frequency * i) / RATE)),
  );
}
