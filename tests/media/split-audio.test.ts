import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extractAudio } from "../../src/media/extract-audio";
import { chooseCuts, splitAudio } from "../../src/media/split-audio";
import { beepsAt, ffmpeg, hearSounds } from "../support/sound";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const scratch = await mkdtemp(join(tmpdir(), "split-"));
afterAll(() => rm(scratch, { recursive: true }));
const { signal } = new AbortController();

const BEEPS: [number, number][] = Array.from({ length: 15 }, (_, i) => [i * 2 + 0.7, i * 2 + 1.9]);

async function beeps(...mix: string[]) {
  await ffmpeg(...beepsAt(BEEPS, 30), ...mix, join(scratch, "beeps.wav"));
  return extractAudio(join(scratch, "beeps.wav"), scratch, { signal });
}

describe("splitAudio", () => {
  test("cuts in pauses, and every sound keeps its time when the parts' starts are added", async () => {
    const audio = await beeps();
    const parts = await splitAudio(audio, scratch, { maxPartMs: 8_000, signal });
    const heard = await Promise.all(
      parts.map(async ({ path, start_ms }) =>
        (await hearSounds(path)).map((sound) => start_ms + sound.start_ms),
      ),
    );

    expect(parts.length).toBeGreaterThan(3);
    for (const { start_ms, end_ms } of parts) expect(end_ms - start_ms).toBeLessThanOrEqual(8_000);
    expect(parts.map((part) => part.start_ms).slice(1)).toEqual(
      parts.map((part) => part.end_ms).slice(0, -1),
    );
    expect(heard.flat()).toHaveLength(BEEPS.length);
    for (const [i, start_ms] of heard.flat().entries()) {
      expect(Math.abs(start_ms - BEEPS[i]![0] * 1_000)).toBeLessThan(20);
    }
  });

  test("finds the pauses of a noisy hall as well", async () => {
    const noise = ["-f", "lavfi", "-i", "anoisesrc=duration=30:sample_rate=16000:amplitude=0.1"];
    const audio = await beeps(...noise, "-filter_complex", "amix=duration=first");
    const parts = await splitAudio(audio, scratch, { maxPartMs: 8_000, signal });

    for (const { start_ms } of parts.slice(1)) {
      const cut = start_ms / 1_000;
      expect(BEEPS.some(([start, end]) => start < cut && cut < end)).toBeFalse();
    }
  });
});

describe("chooseCuts", () => {
  test("leaves what fits in one piece", () => {
    expect(chooseCuts(Array(100).fill(1), 10_000, 10_000)).toEqual([]);
  });

  test("cuts at the limit where nothing is quieter than the rest", () => {
    const cuts = chooseCuts(Array(250).fill(1), 25_000, 10_000);

    expect(cuts).toEqual([9_750, 19_450]);
  });

  test("prefers the quietest moment of the last third to a later one", () => {
    const loudness = Array(200).fill(1);
    loudness.fill(0.01, 75, 80).fill(0.2, 90, 95);

    expect(chooseCuts(loudness, 16_000, 10_000)).toEqual([7_750]);
  });

  test("ends even without a measurement", () => {
    expect(chooseCuts([], 25_000, 10_000)).toEqual([9_750, 19_450]);
  });
});
