import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, mkdtemp, open, rm, symlink, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { type ExtractOptions, extractAudio } from "../../src/media/extract-audio";
import { failureOf } from "../support/failures";
import { beepsAt, ffmpeg, hearSounds, makeRecording } from "../support/sound";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "extract-"));
afterAll(() => rm(folder, { recursive: true }));

const inFolder = (name: string) => join(folder, name);

/** Each call has a scratch folder of its own, as each job has. */
async function extract(name: string, options: Partial<ExtractOptions> = {}) {
  const scratch = await mkdtemp(inFolder("scratch-"));
  return extractAudio(inFolder(name), scratch, {
    signal: new AbortController().signal,
    ...options,
  });
}

/** Twenty seconds in every container we take from outside. */
beforeAll(async () => {
  await makeRecording(inFolder("lecture.mp4"), 20, "-movflags", "+faststart");
  const from = ["-i", inFolder("lecture.mp4")];
  await ffmpeg(...from, "-c", "copy", inFolder("lecture.ts"));
  await ffmpeg(...from, "-vn", "-c:a", "copy", inFolder("lecture.m4a"));
  for (const ending of ["mp3", "flac", "wav", "ogg", "webm"]) {
    await ffmpeg(...from, "-vn", inFolder(`lecture.${ending}`));
  }
});

describe("extractAudio", () => {
  test("makes a mono MP3 of 16 kHz and 64 kbit/s, with its length and checksum", async () => {
    const audio = await extract("lecture.mp4", { announced_duration_ms: 20_000 });

    const entries = "stream=codec_name,sample_rate,channels,bit_rate";
    const format =
      await $`ffprobe -v error -show_entries ${entries} -of csv=p=0 ${audio.path}`.text();
    expect(format.trim()).toBe("mp3,16000,1,64000");
    expect(Math.abs(audio.duration_ms - 20_000)).toBeLessThan(150);
    expect(audio.size_bytes).toBe(Bun.file(audio.path).size);
    expect(`${audio.sha256}  ${audio.path}\n`).toBe(await $`sha256sum ${audio.path}`.text());
  });

  test("reports rising progress, up to the end", async () => {
    const fractions: number[] = [];
    await extract("lecture.ts", { onProgress: (fraction) => fractions.push(fraction) });

    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBeCloseTo(1, 1);
  });

  test("keeps a word where it was although the recording has a hole before it", async () => {
    // A second of the first half is lost; the second beep still sounds at 6 s.
    await ffmpeg(
      ...beepsAt(
        [
          [1, 2],
          [6, 7],
        ],
        10,
      ),
      "-c:a",
      "aac",
      inFolder("beeps.mp4"),
    );
    const hole = ["-bsf:a", "noise=drop=between(pts*tb\\,3\\,4)"];
    await ffmpeg("-i", inFolder("beeps.mp4"), "-c", "copy", ...hole, inFolder("hole.mkv"));

    const [, second] = await hearSounds((await extract("hole.mkv")).path);

    // One AAC frame is 64 ms: copying into Matroska forgets the first, which primes the decoder.
    expect(Math.abs(second!.start_ms - 6_000)).toBeLessThan(70);
  });

  test("keeps the recording's clock when the sound starts later than the picture", async () => {
    await ffmpeg(...beepsAt([[1, 2]], 3), "-c:a", "aac", inFolder("late.m4a"));
    const picture = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=8"];
    const later = ["-itsoffset", "4", "-i", inFolder("late.m4a"), "-c:a", "copy"];
    await ffmpeg(...picture, ...later, inFolder("late.mp4"));

    const [beep] = await hearSounds((await extract("late.mp4")).path);

    expect(Math.abs(beep!.start_ms - 5_000)).toBeLessThan(60);
  });

  test("accepts a complete recording with a picture that goes on after its sound", async () => {
    const picture = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=12"];
    await ffmpeg(...picture, "-f", "lavfi", "-i", "sine=duration=6", inFolder("early.mp4"));

    const audio = await extract("early.mp4", { announced_duration_ms: 12_000 });

    expect(Math.abs(audio.duration_ms - 6_000)).toBeLessThan(150);
  });
});

test("extractAudio takes a webm that was recorded live, as browsers do, without lengths", async () => {
  const live = ["-c:a", "libopus", "-f", "webm", "-live", "1"];
  await $`ffmpeg -v error -i ${inFolder("lecture.wav")} ${live} - > ${inFolder("live.webm")}`;

  const audio = await extract("live.webm");

  expect(Math.abs(audio.duration_ms - 20_000)).toBeLessThan(150);
});

test("extractAudio keeps all parts of a stream whose timestamps restart on the way", async () => {
  const part = await Bun.file(inFolder("lecture.ts")).bytes();
  await Bun.write(inFolder("parts.ts"), Buffer.concat([part, part]));

  const audio = await extract("parts.ts", { announced_duration_ms: 40_000 });

  expect(Math.abs(audio.duration_ms - 40_000)).toBeLessThan(500);
});

test("a full disk is reported as such", async () => {
  const scratch = await mkdtemp(inFolder("full-"));
  await symlink("/dev/full", join(scratch, "audio.mp3"));

  const { signal } = new AbortController();
  const failure = await failureOf(extractAudio(inFolder("lecture.wav"), scratch, { signal }));

  expect(failure).toMatchObject({ code: "storage_full", reason: "ENOSPC" });
});

describe("extractAudio refuses", () => {
  test.each(["mp4", "ts", "m4a", "mp3", "flac", "wav", "webm"])(
    "a %s that was cut in half",
    async (ending) => {
      const name = `cut.${ending}`;
      await copyFile(inFolder(`lecture.${ending}`), inFolder(name));
      await truncate(inFolder(name), Math.floor(Bun.file(inFolder(name)).size / 2));

      const failure = await extract(name, { announced_duration_ms: 20_000 }).catch((e) => e);

      expect(["recording_incomplete", "audio_extraction_failed"]).toContain(failure.errorCode);
    },
  );

  test.each(["mp4", "m4a", "mp3", "ogg", "webm"])(
    "a %s with garbage in its middle",
    async (ending) => {
      const name = `garbage.${ending}`;
      await copyFile(inFolder(`lecture.${ending}`), inFolder(name));
      await using file = await open(inFolder(name), "r+");
      const middle = Math.floor((await file.stat()).size / 2);
      await file.write(
        Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 97) % 256)),
        0,
        3_000,
        middle,
      );

      const failure = await extract(name).catch((error) => error);

      expect(failure).toMatchObject({ errorCode: "audio_extraction_failed" });
      expect(failure.details.stderr).not.toBeEmpty();
      expect(failure.details.stderr).not.toContain(folder);
    },
  );

  test("a recording shorter than its source announced", async () => {
    const failure = await extract("lecture.ts", { announced_duration_ms: 25_000 }).catch((e) => e);

    expect(failure.errorCode).toBe("recording_incomplete");
    expect(failure.details.expected_ms).toBe(25_000);
    expect(Math.abs(failure.details.found_ms - 20_000)).toBeLessThan(150);
  });

  test("a recording without sound", async () => {
    await makeRecording(inFolder("mute.mp4"), 1, "-an");

    await expect(extract("mute.mp4")).rejects.toMatchObject({
      errorCode: "recording_without_sound",
    });
  });

  test.each(["lecture.mp4", "lecture.webm"])("%s when it is longer than allowed", async (name) => {
    const limits = { maxDurationMs: 5_000, timeoutMs: 60_000 };

    await expect(extract(name, { limits })).rejects.toMatchObject({
      errorCode: "recording_too_long",
    });
  });

  test("a playlist that calls itself mp4, and leaves what it names alone", async () => {
    let visits = 0;
    const canary = Bun.serve({ port: 0, fetch: () => new Response(String(++visits)) });
    const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n${canary.url}a.ts\n#EXT-X-ENDLIST\n`;
    await Bun.write(inFolder("playlist.mp4"), playlist);

    const failure = await extract("playlist.mp4").catch((error) => error);
    await canary.stop();

    expect(failure).toMatchObject({ errorCode: "audio_extraction_failed" });
    expect(visits).toBe(0);
  });
});

describe("extractAudio and its process", () => {
  test("an abort ends ffmpeg at once, with the abort's reason", async () => {
    await ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "anoisesrc=duration=3600:sample_rate=16000",
      inFolder("hour.wav"),
    );
    const abort = new AbortController();
    const spawned: { pid: number; exited: Promise<unknown> }[] = [];
    const failure = await extract("hour.wav", {
      signal: abort.signal,
      onSpawn: (pid, exited) => spawned.push({ pid, exited }),
      onProgress: () => abort.abort(new Error("cancelled by the teacher")),
    }).catch((error) => error);

    expect(failure.message).toBe("cancelled by the teacher");
    expect(spawned).toHaveLength(2); // ffprobe, then ffmpeg
    expect(() => process.kill(spawned[1]!.pid, 0)).toThrow("ESRCH");
  });

  test("a recording that takes too long is given up", async () => {
    const limits = { maxDurationMs: 36_000_000, timeoutMs: 300 };

    await expect(extract("hour.wav", { limits })).rejects.toMatchObject({
      errorCode: "tool_killed",
    });
  });
});
