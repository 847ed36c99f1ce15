import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { extractAudio } from "../../src/media/extract-audio";
import { probeAudio } from "../../src/media/probe-audio";
import { beepsAt, ffmpeg, hearSounds } from "../support/sound";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "odd-recordings-"));
afterAll(() => rm(folder, { recursive: true }));
const inFolder = (name: string) => join(folder, name);
const { signal } = new AbortController();

const BEEPS: [number, number][] = [
  [1, 2],
  [6, 7],
];
const SECONDS = 10;
/** Encoders add up to a tenth of a second, and lossy ones blur the edge of a beep. */
const BLUR_MS = 120;

const extract = async (name: string) =>
  extractAudio(inFolder(name), await mkdtemp(inFolder("scratch-")), { signal });

const startsOf = async (path: string) => (await hearSounds(path)).map(({ start_ms }) => start_ms);

const rewrite = async (from: string, to: string, change: (bytes: Buffer) => Buffer) =>
  Bun.write(inFolder(to), change(Buffer.from(await Bun.file(inFolder(from)).bytes())));

const FRAGMENTED = [
  ...["-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "1000000"],
];

beforeAll(async () => {
  await ffmpeg(...beepsAt(BEEPS, SECONDS), inFolder("beeps.wav"));
  const from = ["-i", inFolder("beeps.wav")];
  for (const ending of ["mp3", "m4a", "ogg", "webm", "flac", "aiff", "wma", "caf", "aac"]) {
    const indexFirst = ending === "m4a" ? ["-movflags", "+faststart"] : [];
    await ffmpeg(...from, ...indexFirst, inFolder(`beeps.${ending}`));
  }
  await ffmpeg(...from, "-write_xing", "0", "-id3v2_version", "0", inFolder("plain.mp3"));
  await ffmpeg(...from, "-c:a", "aac", ...FRAGMENTED, inFolder("fragments.mp4"));
  for (const ending of ["webm", "mka", "ogg", "m4a"]) {
    await ffmpeg(...from, "-output_ts_offset", "3600", inFolder(`late.${ending}`));
  }
  const live = ["-c:a", "libopus", "-f", "webm", "-live", "1"];
  await $`ffmpeg -v error ${from} ${live} - > ${inFolder("live.webm")}`;
  await $`ffmpeg -v error ${from} -f wav - > ${inFolder("piped.wav")}`;
});

const sizes = (riff: number, data: number) => (wav: Buffer) => {
  wav.writeUInt32LE(riff, 4);
  wav.writeUInt32LE(data, wav.indexOf("data") + 4);
  return wav;
};

async function expectWhole(name: string) {
  await probeAudio(inFolder(name), { signal });
  const audio = await extract(name);
  const starts = await startsOf(audio.path);

  expect(audio.missing_end).toBeFalse();
  expect(Math.abs(audio.duration_ms - SECONDS * 1_000)).toBeLessThan(200);
  expect(starts).toHaveLength(2);
  for (const [i, [second]] of BEEPS.entries()) {
    expect(Math.abs(starts[i]! - second * 1_000)).toBeLessThan(BLUR_MS);
  }
}

describe("a complete recording is accepted as complete", () => {
  test.each([
    ["a size of 0", 0, 0],
    ["a size of 0x7FFFFFFF", 0x7fffffff, 0x7fffffff],
    ["SoX's size for pipes", 0x7ffff024, 0x7ffff000],
    ["a size of 0x80000000", 0x80000024, 0x80000000],
    ["a size of 0xFFFFFFFF", 0xffffffff, 0xffffffff],
  ])("a WAV with %s", async (_, riff, data) => {
    await rewrite("beeps.wav", "size.wav", sizes(riff, data));

    await expectWhole("size.wav");
  });

  test.each([
    "piped.wav",
    "beeps.aiff",
    "beeps.wma",
    "beeps.caf",
    "live.webm",
    "fragments.mp4",
    "plain.mp3",
  ])("%s", expectWhole);

  test.each(["late.webm", "late.mka", "late.ogg", "late.m4a"])(
    "%s, whose timestamps start at an hour",
    expectWhole,
  );

  test.each(["wav", "aiff", "caf", "m4a", "mp3", "webm", "wma"])(
    "a %s with a short last packet",
    async (ending) => {
      await rewrite(`beeps.${ending}`, `short.${ending}`, (bytes) => bytes.subarray(0, -5));

      await expectWhole(`short.${ending}`);
    },
  );

  test.each(["beeps.mp3", "plain.mp3"])("two of %s, joined", async (name) => {
    await rewrite(name, "joined.mp3", (bytes) => Buffer.concat([bytes, bytes]));

    const audio = await extract("joined.mp3");
    const starts = await startsOf(audio.path);

    expect(audio.missing_end).toBeFalse();
    expect(Math.abs(audio.duration_ms - 2 * SECONDS * 1_000)).toBeLessThan(400);
    expect(starts).toHaveLength(4);
    expect(Math.abs(starts[2]! - 11_000)).toBeLessThan(300);
  });

  test("MP3 files of different sample rates, joined", async () => {
    const from = ["-i", inFolder("beeps.wav")];
    await ffmpeg(...from, "-ar", "44100", "-ac", "2", inFolder("rate-44.mp3"));
    await ffmpeg(...from, "-ar", "22050", inFolder("rate-22.mp3"));
    const files = await Promise.all(
      ["rate-44.mp3", "rate-22.mp3"].map((name) => Bun.file(inFolder(name)).bytes()),
    );
    await Bun.write(inFolder("rates.mp3"), Buffer.concat(files));

    const audio = await extract("rates.mp3");
    const starts = await startsOf(audio.path);

    expect(audio.missing_end).toBeFalse();
    expect(starts).toHaveLength(4);
    expect(Math.abs(starts[3]! - 16_000)).toBeLessThan(300);
  });

  test.each(["ogg", "opus"])("two %s files, joined", async (ending) => {
    await ffmpeg("-i", inFolder("beeps.wav"), inFolder(`single.${ending}`));
    await rewrite(`single.${ending}`, `chained.${ending}`, (bytes) =>
      Buffer.concat([bytes, bytes]),
    );

    const audio = await extract(`chained.${ending}`);
    const starts = await startsOf(audio.path);

    expect(audio.missing_end).toBeFalse();
    expect(starts).toHaveLength(4);
    expect(Math.abs(starts[3]! - 16_000)).toBeLessThan(300);
  });

  test.each(["wav", "aiff", "caf", "m4a", "webm", "wma"])(
    "two %s files, joined: the first is used, and the rest is reported as missing",
    async (ending) => {
      await rewrite(`beeps.${ending}`, `twice.${ending}`, (bytes) => Buffer.concat([bytes, bytes]));

      const audio = await extract(`twice.${ending}`);

      expect(audio.missing_end).toBeTrue();
      expect(await startsOf(audio.path)).toHaveLength(2);
    },
  );

  test("an MP3 that was joined behind one whose last frame is cut", async () => {
    await rewrite("beeps.mp3", "joined-cut.mp3", (bytes) =>
      Buffer.concat([bytes.subarray(0, -50), bytes]),
    );

    const audio = await extract("joined-cut.mp3");

    expect(audio.missing_end).toBeFalse();
    expect(await startsOf(audio.path)).toHaveLength(4);
  });

  test("an MP4 with pictures for its chapters", async () => {
    const pictures = ["-f", "lavfi", "-i", `testsrc=size=64x64:rate=0.2:duration=${SECONDS}`];
    const encoders = ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"];
    await ffmpeg("-i", inFolder("beeps.wav"), ...pictures, ...encoders, inFolder("chapters.mp4"));

    await expectWhole("chapters.mp4");
  });
});

describe("a recording that was cut off keeps what was recorded, and says so", () => {
  test.each([
    "beeps.wav",
    "beeps.mp3",
    "plain.mp3",
    "beeps.m4a",
    "fragments.mp4",
    "beeps.ogg",
    "beeps.webm",
    "live.webm",
    "beeps.flac",
    "beeps.aiff",
    "beeps.caf",
    "beeps.wma",
    "beeps.aac",
  ])("%s", async (name) => {
    const cut = (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * 0.83) + 37);
    await rewrite(name, `cut-${name}`, cut);

    const audio = await extract(`cut-${name}`);
    const [first] = await startsOf(audio.path);

    expect(audio.missing_end).toBeTrue();
    expect(audio.duration_ms).toBeLessThan(9_500);
    expect(Math.abs(first! - 1_000)).toBeLessThan(BLUR_MS);
  });
});

test("an MP4 that was cut off before its index says so", async () => {
  await ffmpeg("-i", inFolder("beeps.wav"), inFolder("index-last.m4a"));
  await rewrite("index-last.m4a", "no-index.m4a", (bytes) => bytes.subarray(0, -2_000));

  await expect(probeAudio(inFolder("no-index.m4a"), { signal })).rejects.toMatchObject({
    errorCode: "audio_invalid",
    details: { message: expect.stringContaining("cut off") },
  });
});

describe("a silent track or channel does not hide the speech", () => {
  const MONO = beepsAt(BEEPS, SECONDS);
  const SILENCE = ["-f", "lavfi", "-i", `anullsrc=r=16000:cl=mono:d=${SECONDS}`];

  test.each<[string, string[]]>([
    [
      "two channels with inverted phase",
      [...MONO, "-af", "pan=stereo|c0=c0|c1=-1*c0", "-c:a", "libmp3lame"],
    ],
    ["a silent first channel", [...MONO, "-af", "pan=stereo|c0=0*c0|c1=c0", "-c:a", "aac"]],
    ["a silent first track", [...SILENCE, ...MONO, "-map", "0", "-map", "1", "-c:a", "aac"]],
    [
      "a silent first track, and inverted phase in the second",
      [
        ...[...SILENCE, ...MONO, "-filter_complex", "[1:a]pan=stereo|c0=c0|c1=-1*c0[b]"],
        ...["-map", "0", "-map", "[b]", "-c:a", "aac"],
      ],
    ],
  ])("%s", async (_, options) => {
    await ffmpeg(...options, inFolder("hidden.mka"));

    const starts = await startsOf((await extract("hidden.mka")).path);

    expect(starts).toHaveLength(2);
    for (const [i, [second]] of BEEPS.entries()) {
      expect(Math.abs(starts[i]! - second * 1_000)).toBeLessThan(BLUR_MS);
    }
  });
});
