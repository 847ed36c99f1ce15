import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeAudio } from "../../src/media/probe-audio";
import { ffmpeg, makeRecording } from "../support/sound";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "probe-"));
afterAll(() => rm(folder, { recursive: true }));

const inFolder = (name: string) => join(folder, name);
const { signal } = new AbortController();
const probe = (name: string) => probeAudio(inFolder(name), { signal });
const TONE = ["-f", "lavfi", "-i", "sine=frequency=440:duration=3"];

describe("probeAudio", () => {
  test.each([
    ["mp3", "libmp3lame", "mp3", "mp3"],
    ["m4a", "aac", "mov", "aac"],
    ["mp4", "aac", "mov", "aac"],
    ["wav", "pcm_s16le", "wav", "pcm_s16le"],
    ["flac", "flac", "flac", "flac"],
    ["ogg", "libvorbis", "ogg", "vorbis"],
    ["opus", "libopus", "ogg", "opus"],
    ["webm", "libopus", "matroska", "opus"],
  ])("detects %s by its bytes, not by its name", async (ending, encoder, format, codec) => {
    await ffmpeg(...TONE, "-c:a", encoder, inFolder(`tone.${ending}`));
    await Bun.write(inFolder("lecture.pdf"), Bun.file(inFolder(`tone.${ending}`)));

    const sound = await probe("lecture.pdf");

    expect(sound).toMatchObject({ codec, channels: 1 });
    expect(sound.format).toStartWith(format);
    expect(sound.sample_rate).toBeGreaterThanOrEqual(16_000);
    expect(Math.abs(sound.duration_ms! - 3_000)).toBeLessThan(100);
  });

  test("does not trust the guessed length of raw AAC", async () => {
    await ffmpeg(...TONE, inFolder("tone.aac"));

    expect(await probe("tone.aac")).toMatchObject({ codec: "aac", duration_ms: null });
  });

  test("takes a cover image for no video", async () => {
    const cover = ["-f", "lavfi", "-i", "testsrc=size=64x64:duration=1:rate=1"];
    const attached = [
      "-map",
      "0:a",
      "-map",
      "1:v",
      "-c:v",
      "mjpeg",
      "-disposition:v",
      "attached_pic",
    ];
    await ffmpeg(...TONE, ...cover, ...attached, inFolder("cover.mp3"));

    expect(await probe("cover.mp3")).toMatchObject({ codec: "mp3" });
  });

  test("refuses a video and names its codec", async () => {
    await makeRecording(inFolder("video.mp4"), 1);

    await expect(probe("video.mp4")).rejects.toMatchObject({
      errorCode: "audio_invalid",
      details: { found: expect.stringContaining("h264 video") },
    });
  });

  test.each([
    ["text", "Entropy measures missing information.\n"],
    ["nothing", ""],
    ["a playlist", "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\ntone.wav\n#EXT-X-ENDLIST\n"],
    ["a list of files", "ffconcat version 1.0\nfile tone.wav\n"],
  ])("refuses %s that calls itself mp3", async (_kind, content) => {
    await ffmpeg(...TONE, inFolder("tone.wav"));
    await Bun.write(inFolder("fake.mp3"), content);

    const failure = await probe("fake.mp3").catch((error) => error);

    expect(failure).toMatchObject({ errorCode: "audio_invalid" });
    expect(JSON.stringify(failure.details)).not.toContain(folder);
  });
});
