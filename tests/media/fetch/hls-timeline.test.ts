import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openGuardedFetch } from "../../../src/media/fetch/guarded-fetch";
import { downloadStream, type StreamOrder } from "../../../src/media/fetch/hls";
import { failureOf } from "../../support/failures";
import { beepsAt, ffmpeg, hearSounds } from "../../support/sound";

// ffmpeg waits its turn on a busy machine.
setDefaultTimeout(120_000);

const folder = await mkdtemp(join(tmpdir(), "hls-timeline-"));
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    const file = Bun.file(join(folder, new URL(request.url).pathname));
    return (await file.exists()) ? new Response(file) : new Response(null, { status: 404 });
  },
});
afterAll(async () => {
  server.stop(true);
  await rm(folder, { recursive: true });
});

const inFolder = (name: string) => join(folder, name);
const VOD = ["-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"];
const PICTURE = (seconds: number) => [
  ...["-f", "lavfi", "-i", `testsrc=size=64x64:rate=10:duration=${seconds}`],
];
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p"];

/** `a` beeps at 1 and 5 s of its 7 s, `b` at 1 s of its 5 s; `fr` is another language. */
beforeAll(async () => {
  const a = beepsAt(
    [
      [1, 1.5],
      [5, 5.5],
    ],
    7,
  );
  const b = beepsAt([[1, 2]], 5);
  const fr = beepsAt([[3, 3.5]], 7);
  for (const [name, sound] of [
    ["a", a],
    ["b", b],
  ] as const) {
    const segments = ["-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", `${name}-init.mp4`];
    await ffmpeg(...sound, "-c:a", "aac", ...VOD, ...segments, inFolder(`${name}.m3u8`));
    await ffmpeg(...sound, "-c:a", "aac", ...VOD, inFolder(`${name}-ts.m3u8`));
  }
  await ffmpeg(...PICTURE(7), ...a, ...H264, "-c:a", "aac", ...VOD, inFolder("muxed.m3u8"));
  await ffmpeg(...PICTURE(7), ...H264, ...VOD, inFolder("silent.m3u8"));
  await ffmpeg(...fr, "-c:a", "aac", ...VOD, inFolder("fr.m3u8"));
});

/** The lines of a playlist that ffmpeg wrote, from its header or first segment to its last segment. */
async function bodyOf(name: string): Promise<string[]> {
  const lines = (await Bun.file(inFolder(name)).text()).trim().split("\n");
  const first = lines.findIndex((line) => /^#EXT(?:INF|-X-MAP)/.test(line));
  return lines.slice(first, -1);
}

const write = (name: string, ...lines: string[]) =>
  Bun.write(inFolder(name), ["#EXTM3U", "#EXT-X-VERSION:7", ...lines].join("\n"));
const TARGET = "#EXT-X-TARGETDURATION:3";
const END = "#EXT-X-ENDLIST";

async function hear(name: string, order: Partial<StreamOrder> = {}) {
  const path = inFolder("recording");
  await downloadStream({
    fetch: openGuardedFetch({ allowedHosts: [server.url.host] }),
    url: `${server.url}${name}`,
    path,
    patience: { stallMs: 4_000, timeoutMs: 60_000, fileTimeoutMs: 60_000, backoffMs: 5 },
    onProgress: () => {},
    signal: new AbortController().signal,
    announced_duration_ms: null,
    audioOnly: false,
    ...order,
  });
  return (await hearSounds(path)).map(({ start_ms }) => start_ms);
}

/** An AAC frame is 64 ms, and each encoder starts one or two of them early. */
function expectStarts(starts: number[], expected: number[]) {
  expect(starts).toHaveLength(expected.length);
  for (const [i, at] of expected.entries()) expect(Math.abs(starts[i]! - at)).toBeLessThan(150);
}

describe("a playlist of several runs keeps every sound at its time", () => {
  test("fragmented MP4 with a discontinuity and a new header", async () => {
    const lines = [
      ...(await bodyOf("a.m3u8")),
      "#EXT-X-DISCONTINUITY",
      ...(await bodyOf("b.m3u8")),
    ];
    await write("fmp4.m3u8", TARGET, "#EXT-X-PLAYLIST-TYPE:VOD", ...lines, END);

    expectStarts(await hear("fmp4.m3u8", { announced_duration_ms: 12_000 }), [1_000, 5_000, 8_000]);
    expect(await readdir(folder)).not.toContain("recording.run-0");
  });

  test("MPEG-TS with a discontinuity", async () => {
    const lines = [
      ...(await bodyOf("a-ts.m3u8")),
      "#EXT-X-DISCONTINUITY",
      ...(await bodyOf("b-ts.m3u8")),
    ];
    await write("ts.m3u8", TARGET, ...lines, END);

    expectStarts(await hear("ts.m3u8"), [1_000, 5_000, 8_000]);
  });

  test("a gap, whose segments are not on the server", async () => {
    const lines = await bodyOf("a-ts.m3u8");
    const gap = ["#EXT-X-GAP", "#EXTINF:4.0,", "lost.ts"];
    await write("gap.m3u8", TARGET, ...lines.slice(0, 4), ...gap, ...lines.slice(4), END);

    // Two segments of 2 s, the gap of 4 s, then the rest.
    expectStarts(await hear("gap.m3u8"), [1_000, 9_000]);
  });
});

describe("the audio of a master playlist", () => {
  const LISTED = 'BANDWIDTH=300000,RESOLUTION=64x64,CODECS="avc1.42c00a,mp4a.40.2"';
  const UNLISTED = 'BANDWIDTH=200000,RESOLUTION=64x64,CODECS="avc1.42c00a"';

  test("is inside the variant when the default rendition has no address", async () => {
    await write(
      "default.m3u8",
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",LANGUAGE="en",NAME="English",DEFAULT=YES',
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",LANGUAGE="fr",NAME="Traduction",DEFAULT=NO,URI="fr.m3u8"',
      ...[`#EXT-X-STREAM-INF:${LISTED},AUDIO="a"`, "muxed.m3u8"],
    );

    expectStarts(await hear("default.m3u8"), [1_000, 5_000]);
  });

  test("is found in a stream whose CODECS list none", async () => {
    const lines = [`#EXT-X-STREAM-INF:${UNLISTED}`, "muxed.m3u8"];
    await write("unlisted.m3u8", ...lines);

    expectStarts(await hear("unlisted.m3u8"), [1_000, 5_000]);
  });

  test("is looked for in each of these streams, and can be in none", async () => {
    const silent = ['#EXT-X-STREAM-INF:BANDWIDTH=100000,CODECS="avc1.42c00a"', "silent.m3u8"];
    await write("second.m3u8", ...silent, `#EXT-X-STREAM-INF:${UNLISTED}`, "muxed.m3u8");
    await write("none.m3u8", ...silent);

    expectStarts(await hear("second.m3u8"), [1_000, 5_000]);
    expect((await failureOf(hear("none.m3u8"))).code).toBe("recording_without_sound");
  });
});

describe("a playlist without an end", () => {
  test("has ended when it is of type VOD", async () => {
    const lines = await bodyOf("a-ts.m3u8");
    await write("vod.m3u8", TARGET, "#EXT-X-PLAYLIST-TYPE:VOD", ...lines);

    expectStarts(await hear("vod.m3u8"), [1_000, 5_000]);
  });

  test("has ended when it has the length of the recording, and is live otherwise", async () => {
    const lines = await bodyOf("a-ts.m3u8");
    await write("event.m3u8", TARGET, "#EXT-X-PLAYLIST-TYPE:EVENT", ...lines);

    expectStarts(await hear("event.m3u8", { announced_duration_ms: 7_000 }), [1_000, 5_000]);
    for (const announced_duration_ms of [60_000, null]) {
      const failure = await failureOf(hear("event.m3u8", { announced_duration_ms }));
      expect(failure.code).toBe("recording_not_ready");
    }
  });
});
