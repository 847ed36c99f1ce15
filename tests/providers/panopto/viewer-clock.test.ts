import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SiteSession } from "../../../examples/panopto-site";
import { extractAudio } from "../../../src/media/extract-audio";
import {
  captionLanguage,
  languageNumber,
  languageOf,
} from "../../../src/providers/panopto/languages";
import { openPanoptoClients } from "../../support/panopto/clients";
import { beepsAt, ffmpeg, hearSounds } from "../../support/sound";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const clients = openPanoptoClients();
const folder = await mkdtemp(join(tmpdir(), "viewer-clock-"));
const { signal } = new AbortController();
afterAll(async () => {
  clients.close();
  await rm(folder, { recursive: true });
});

/** `a` beeps at 1, 5 and 9 s of its 12 s; `b` at 1 s of its 6 s. */
beforeAll(async () => {
  const a = beepsAt(
    [
      [1, 1.5],
      [5, 5.5],
      [9, 9.5],
    ],
    12,
  );
  const b = beepsAt([[1, 2]], 6);
  const silence = ["-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono:d=12"];
  const vod = ["-c:a", "aac", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"];
  await ffmpeg(...a, ...vod, join(folder, "a.m3u8"));
  await ffmpeg(...a, "-c:a", "aac", join(folder, "a.mp4"));
  await ffmpeg(...b, "-c:a", "aac", join(folder, "b.mp4"));
  await ffmpeg(...silence, "-c:a", "aac", join(folder, "silent.mp4"));
});

const TRIMMED = [
  { start: 0, end: 3, at: 0 },
  { start: 7, end: 12, at: 3 },
];

/** Downloads a session and answers where its beeps are for a viewer. */
async function hear(session: Partial<SiteSession>) {
  const { add, download } = await clients.open();
  const recording = await download(add({ folder, ...session }));
  const scratch = await mkdtemp(join(folder, "scratch-"));
  const { path } = await extractAudio(recording.path, scratch, { signal });
  const starts = (await hearSounds(path)).map(({ start_ms }) => start_ms + recording.offset_ms);
  return { ...recording, starts };
}

function expectStarts(starts: number[], expected: number[]) {
  expect(starts).toHaveLength(expected.length);
  for (const [i, at] of expected.entries()) expect(Math.abs(starts[i]! - at)).toBeLessThan(150);
}

describe("a trimmed session", () => {
  test.each(["a.m3u8", "a.mp4"])(
    "of %s has no removed part, on the viewer's clock",
    async (file) => {
      const stream = { tag: "DV", file, segments: TRIMMED, ends_at_seconds: 8 };
      const { starts, announced_duration_ms } = await hear({
        duration_seconds: 8,
        streams: [stream],
      });

      // The beep at 5 s was removed; the one at 9 s is shown at 5 s.
      expectStarts(starts, [1_000, 5_000]);
      expect(announced_duration_ms).toBe(8_000);
    },
  );

  test("whose end was removed ends with the viewer", async () => {
    const segments = [{ start: 0, end: 7, at: 0 }];
    const stream = { tag: "DV", file: "a.mp4", segments, ends_at_seconds: 7 };

    expectStarts((await hear({ duration_seconds: 7, streams: [stream] })).starts, [1_000, 5_000]);
  });

  test("that was not trimmed is not decoded twice", async () => {
    const segments = [{ start: 0, end: 12, at: 0 }];
    const { path, starts } = await hear({
      duration_seconds: 12,
      streams: [{ tag: "DV", file: "a.mp4", segments }],
    });

    expectStarts(starts, [1_000, 5_000, 9_000]);
    expect(Bun.file(path).size).toBe(Bun.file(join(folder, "a.mp4")).size);
  });

  test("prefers its parts to a combined file that still has the removed part", async () => {
    const stream = { tag: "DV", file: "a.mp4", segments: TRIMMED, ends_at_seconds: 8 };
    const { source, starts } = await hear({
      duration_seconds: 5.9, // the combined file is twice as long
      podcast_video: "a.mp4",
      streams: [{ ...stream, segments: [{ start: 6.1, end: 12, at: 0 }], ends_at_seconds: 5.9 }],
    });

    expect(source).toBe("stream");
    expectStarts(starts, [2_900]);
  });

  const srt = (...cues: [string, string, string][]) =>
    cues
      .map(([from, to, text], i) => `${i + 1}\n00:00:${from} --> 00:00:${to}\n${text}`)
      .join("\n\n");

  test("has captions and slide changes on the viewer's clock, whichever clock Panopto used", async () => {
    const media = srt(
      ["01,000", "02,000", "one"],
      ["04,000", "05,000", "removed"],
      ["06,000", "08,000", "border"],
      ["09,000", "12,000", "two"],
    );
    const viewer = srt(["01,000", "02,000", "one"], ["05,000", "08,000", "two"]);
    await Bun.write(join(folder, "media.srt"), media);
    await Bun.write(join(folder, "viewer.srt"), viewer);
    const { panopto, add } = await clients.open();
    const session = {
      folder,
      duration_seconds: 8,
      streams: [{ tag: "DV", file: "a.mp4", segments: TRIMMED, ends_at_seconds: 8 }],
    };
    const slides = [0, 4, 6, 9, 11].map((seconds) => ({ seconds, caption: `at ${seconds}` }));
    const onMedia = add({ ...session, slides, captions: { 0: "media.srt" } });
    const onViewer = add({ ...session, slides: slides.slice(0, 3), captions: { 0: "viewer.srt" } });

    expect((await panopto.describe(onMedia, signal)).slide_changes).toEqual([
      { time_ms: 0, caption: "at 0", sequence: 1 },
      { time_ms: 3_000, caption: "at 6", sequence: 3 },
      { time_ms: 5_000, caption: "at 9", sequence: 4 },
      { time_ms: 7_000, caption: "at 11", sequence: 5 },
    ]);
    expect((await panopto.describe(onViewer, signal)).slide_changes).toMatchObject([
      { time_ms: 0 },
      { time_ms: 4_000 },
      { time_ms: 6_000 },
    ]);
    expect((await panopto.fetchCaptions(onMedia, undefined, signal))!.srt).toBe(
      "1\n00:00:01,000 --> 00:00:02,000\none\n\n3\n00:00:03,000 --> 00:00:04,000\nborder\n\n4\n00:00:05,000 --> 00:00:08,000\ntwo",
    );
    expect((await panopto.fetchCaptions(onViewer, undefined, signal))!.srt).toBe(viewer);
  });
});

describe("streams", () => {
  test("that follow each other are one recording", async () => {
    const { starts, source, path } = await hear({
      duration_seconds: 20,
      streams: [
        { tag: "DV", file: "a.m3u8", starts_at_seconds: 0, ends_at_seconds: 12 },
        { tag: "DV", file: "b.mp4", starts_at_seconds: 14, ends_at_seconds: 20 },
      ],
    });

    expect(source).toBe("stream");
    expectStarts(starts, [1_000, 5_000, 9_000, 15_000]);
    expect(await readdir(join(path, ".."))).toEqual(
      expect.not.arrayContaining([expect.stringContaining("part-")]),
    );
  });

  test.each<[string, Partial<SiteSession>]>([
    [
      "another stream",
      {
        streams: [
          { tag: "DV", file: "silent.mp4" },
          { tag: "SCREEN", file: "a.mp4" },
        ],
      },
    ],
    [
      "the combined file",
      { podcast_video: "a.mp4", streams: [{ tag: "AUDIO", file: "silent.mp4" }] },
    ],
  ])("that are silent give way to %s", async (_, session) => {
    expectStarts((await hear({ duration_seconds: 12, ...session })).starts, [1_000, 5_000, 9_000]);
  });

  test("that are all silent are used: silence is not a failure", async () => {
    const streams = ["DV", "SCREEN"].map((tag) => ({ tag, file: "silent.mp4" }));

    expect((await hear({ duration_seconds: 12, streams })).starts).toEqual([]);
  });

  test("without StreamUrl are taken from StreamHttpUrl", async () => {
    const streams = [{ tag: "DV", file: null, http_file: "a.mp4" }];

    expectStarts((await hear({ duration_seconds: 12, streams })).starts, [1_000, 5_000, 9_000]);
  });
});

describe("the language of captions", () => {
  const GERMAN =
    "1\n00:00:00,000 --> 00:00:05,000\nDie Entropie misst die fehlende Information über einen Zustand.\n\n" +
    "2\n00:00:05,000 --> 00:00:09,000\nSie wächst, weil es viel mehr gemischte Zustände gibt.\n";

  test.each([
    ["0, which is also that of recordings without a language", "0"],
    ["77, which we do not know", "77"],
  ])("is that of the text for number %s", async (_, number) => {
    await Bun.write(join(folder, "german.srt"), GERMAN);
    const { panopto, add } = await clients.open();
    const address = add({ folder, captions: { [number]: "german.srt" } });

    expect(await panopto.fetchCaptions(address, undefined, signal)).toEqual({
      srt: GERMAN,
      language: "de",
    });
  });

  test("keeps its region where the text agrees, and is unknown where neither has one", () => {
    expect(captionLanguage("en-GB", "en")).toBe("en-GB");
    expect(captionLanguage("no-NO", "nb")).toBe("no-NO");
    expect(captionLanguage("fr-FR", null)).toBe("fr-FR");
    expect(captionLanguage(languageOf(77), null)).toBeNull();
    expect(languageNumber(languageOf(77))).toBe(77);
  });

  test("the first language that has captions is used", async () => {
    await Bun.write(join(folder, "empty.srt"), "");
    const { panopto, add } = await clients.open();
    const address = add({ folder, captions: { 0: "empty.srt", 4: "german.srt" } });

    expect(await panopto.fetchCaptions(address, undefined, signal)).toMatchObject({
      language: "de-DE",
    });
  });
});
