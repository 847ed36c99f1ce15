import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { joinAudio, type PlacedAudioFile } from "../../src/media/join-audio";
import { failureOf } from "../support/failures";
import { beepsAt, ffmpeg, hearSounds } from "../support/sound";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "join-audio-"));
afterAll(() => rm(folder, { recursive: true }));
const inFolder = (name: string) => join(folder, name);

await ffmpeg(
  ...beepsAt(
    [
      [1, 1.5],
      [5, 5.5],
    ],
    8,
  ),
  "-c:a",
  "aac",
  inFolder("a.ts"),
);
const bytes = await Bun.file(inFolder("a.ts")).bytes();

async function hear(...files: PlacedAudioFile[]) {
  await joinAudio(files, inFolder("joined.wav"), { signal: new AbortController().signal });
  return (await hearSounds(inFolder("joined.wav"))).map(({ start_ms }) => start_ms);
}
const whole = (path: string, at_ms: number) => ({ path, pieces: [{ from_ms: 0, at_ms }] });

describe("joinAudio", () => {
  test("places pieces at their positions, with silence between them", async () => {
    const pieces = [
      { from_ms: 4_000, until_ms: 7_000, at_ms: 1_000 },
      { from_ms: 0, until_ms: 2_000, at_ms: 6_000 },
    ];
    const starts = await hear({ path: inFolder("a.ts"), pieces }, whole(inFolder("a.ts"), 10_000));

    expect(starts).toHaveLength(4);
    for (const [i, at] of [2_000, 7_000, 11_000, 15_000].entries()) {
      expect(Math.abs(starts[i]! - at)).toBeLessThan(150);
    }
  });

  test("keeps a file that ends inside a packet", async () => {
    await Bun.write(inFolder("cut.ts"), bytes.slice(0, Math.floor(bytes.length * 0.9)));

    expect(await hear(whole(inFolder("cut.ts"), 0), whole(inFolder("a.ts"), 8_000))).toHaveLength(
      4,
    );
  });

  test("refuses damage in the middle, and files without audio", async () => {
    await ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x64:duration=1", inFolder("mute.mp4"));
    await ffmpeg("-i", inFolder("a.ts"), "-c:a", "copy", inFolder("a.m4a"));
    const damaged = await Bun.file(inFolder("a.m4a")).bytes();
    const middle = Math.floor(damaged.length / 2);
    for (let i = 0; i < 3_000; i++) damaged[middle - 1_500 + i] = (i * 97) % 256;
    await Bun.write(inFolder("damaged.m4a"), damaged);

    expect((await failureOf(hear(whole(inFolder("damaged.m4a"), 0)))).code).toBe(
      "audio_extraction_failed",
    );
    expect((await failureOf(hear(whole(inFolder("mute.mp4"), 0)))).code).toBe(
      "recording_without_sound",
    );
  });

  test("stops with the caller", async () => {
    const files = [whole(inFolder("a.ts"), 0)];
    const signal = AbortSignal.abort("deleted");

    expect(await joinAudio(files, inFolder("x.wav"), { signal }).catch((e) => e)).toBe("deleted");
  });
});
