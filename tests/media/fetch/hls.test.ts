import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DownloadProgress } from "../../../src/media/fetch/download";
import { openGuardedFetch } from "../../../src/media/fetch/guarded-fetch";
import { downloadStream, type StreamOrder } from "../../../src/media/fetch/hls";
import { failureOf } from "../../support/failures";
import { openCanary, openTestSite } from "../../support/panopto";
import {
  answer,
  cutAfter,
  drip,
  type Fault,
  redirectTo,
  relay,
  silence,
  stallAfter,
} from "../../support/panopto/faults";
import { SAMPLE_SECONDS, sampleMedia } from "../../support/panopto/media";
import { canMountSmallDisks, mountSmallDisk } from "../../support/small-disk";

const site = await openTestSite();
const canary = openCanary();
const media = await sampleMedia();
const folder = mkdtempSync(join(tmpdir(), "hls-"));
const path = join(folder, "recording");
afterAll(() => {
  site.close();
  canary.close();
  rmSync(folder, { recursive: true });
});

let base: string;
let progress: DownloadProgress[];
beforeEach(() => {
  base = `/sessions/${new URL(site.addSession({})).searchParams.get("id")}`;
  progress = [];
  site.seen.length = 0;
});

/** A busy machine may stand still for seconds, which must not look like a site that does. */
const PATIENCE = { stallMs: 4_000, timeoutMs: 60_000, fileTimeoutMs: 60_000, backoffMs: 5 };
/** Where giving up is the end anyway. */
const HASTE = { ...PATIENCE, stallMs: 150, timeoutMs: 300 };

function download(file: string, order: Partial<StreamOrder> = {}) {
  return downloadStream({
    fetch: openGuardedFetch({ allowedHosts: [site.host] }),
    url: `${site.origin}${base}/${file}`,
    path,
    patience: PATIENCE,
    onProgress: (step) => progress.push(step),
    signal: new AbortController().signal,
    announced_duration_ms: SAMPLE_SECONDS * 1_000,
    audioOnly: false,
    ...order,
  });
}

const fault: typeof site.fault = (file, kind, times) => site.fault(`${base}/${file}`, kind, times);
const bytesOf = async (...files: string[]) =>
  Buffer.concat(await Promise.all(files.map((file) => Bun.file(join(media, file)).bytes())));
const segments = [0, 1, 2, 3, 4, 5].map((n) => `ts/media${n}.ts`);
const downloaded = async () => Buffer.from(await Bun.file(path).bytes());

const master = (uri: string) =>
  answer(200, `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS="mp4a.40.2"\n${uri}\n`);
const list = (...lines: string[]) =>
  answer(200, ["#EXTM3U", "#EXT-X-TARGETDURATION:12", ...lines, "#EXT-X-ENDLIST"].join("\n"));

describe("downloadStream", () => {
  test("appends every segment of the lowest rendition with sound, in order", async () => {
    await download("ts/master.m3u8");

    expect(await downloaded()).toEqual(await bytesOf(...segments));
    expect(site.hits("dear.m3u8")).toBe(0);
    expect(progress).toEqual(
      [1, 2, 3, 4, 5, 6].map((done) => ({ done, total: 6, unit: "segments" as const })),
    );
  });

  test("keeps the order when segments arrive out of order", async () => {
    const late: Fault = async (exchange) => {
      await Bun.sleep(80);
      await relay(exchange);
    };
    fault("ts/media0.ts", late, 1);
    await download("ts/media.m3u8");

    expect(await downloaded()).toEqual(await bytesOf(...segments));
  });

  test("reads fragmented MP4 with its map and byte ranges", async () => {
    await download("both/master.m3u8");

    expect(await downloaded()).toEqual(await bytesOf("fmp4/media.m4s"));
    expect(site.hits("media.m4s")).toBe(progress.length);
    expect(site.seen.filter(({ range }) => range)).toHaveLength(progress.length);
  });

  test("cuts ranges out by itself where the server knows none", async () => {
    fault("fmp4/media.m4s", async ({ response }) => {
      response.end(await bytesOf("fmp4/media.m4s"));
    });
    await download("fmp4/media.m3u8");

    expect(await downloaded()).toEqual(await bytesOf("fmp4/media.m4s"));
  });

  test("takes a file for a file, even when its name says playlist", async () => {
    fault("ts/media.m3u8", async ({ response }) => {
      response.end(await bytesOf("sound.mp3"));
    });
    await download("ts/media.m3u8");

    expect(await downloaded()).toEqual(await bytesOf("sound.mp3"));
    expect(progress.at(-1)?.unit).toBe("bytes");
  });

  test("wants no picture when it may not have one", async () => {
    const silent = { code: "recording_without_sound" };

    expect(await failureOf(download("ts/master.m3u8", { audioOnly: true }))).toMatchObject(silent);
    expect(await failureOf(download("ts/media.m3u8", { audioOnly: true }))).toMatchObject(silent);
    expect(await failureOf(download("video.mp4", { audioOnly: true }))).toMatchObject(silent);
  });

  test("sends credentials to the first origin only", async () => {
    const abroad = await openTestSite();
    const id = new URL(abroad.addSession({})).searchParams.get("id");
    fault("list.m3u8", list("#EXTINF:12,", `${abroad.origin}/sessions/${id}/sound.mp3`));
    const fetch = openGuardedFetch({ allowedHosts: [site.host, abroad.host] });
    await download("list.m3u8", { fetch, headers: { cookie: ".ASPXAUTH=secret" } });

    expect(site.seen.map(({ cookie }) => cookie)).toEqual([".ASPXAUTH=secret"]);
    expect(abroad.seen.map(({ cookie }) => cookie)).toEqual([undefined]);
    abroad.close();
  });
});

describe("faults that pass", () => {
  test.each([
    ["500", answer(500)],
    ["404", answer(404)],
    ["a cut connection", cutAfter(1_000)],
    ["a stall", stallAfter(1_000)],
    ["silence", silence],
  ])("a segment that answers with %s once", async (_, kind) => {
    fault("ts/media3.ts", kind, 1);
    await download("ts/media.m3u8");

    expect(await downloaded()).toEqual(await bytesOf(...segments));
    expect(site.hits("media3.ts")).toBe(2);
  });
});

describe("faults that stay", () => {
  test.each([
    ["a missing segment", "ts/media3.ts", answer(404), "recording_incomplete"],
    ["an empty segment", "ts/media3.ts", answer(200), "recording_incomplete"],
    ["a refused segment", "ts/media3.ts", answer(403), "media_refused"],
    ["a broken segment", "ts/media3.ts", answer(500), "provider_unavailable"],
    ["a cut segment", "ts/media3.ts", cutAfter(1_000), "fetch_interrupted"],
    ["a stalled segment", "ts/media3.ts", stallAfter(1_000), "fetch_timeout"],
    ["a dripping segment", "ts/media3.ts", drip(20), "fetch_timeout"],
    ["a stalled playlist", "ts/media.m3u8", stallAfter(10), "fetch_timeout"],
    ["a missing playlist", "ts/media.m3u8", answer(404), "media_refused"],
    [
      "a playlist without an end",
      "ts/media.m3u8",
      answer(200, "#EXTM3U\n#EXTINF:4,\nmedia0.ts\n"),
      "recording_not_ready",
    ],
    ["a master that names itself", "ts/media.m3u8", master("media.m3u8"), "recording_unsupported"],
    ["a short playlist", "ts/media.m3u8", list("#EXTINF:9,", "media0.ts"), "recording_incomplete"],
    [
      "an encrypted playlist",
      "ts/media.m3u8",
      list('#EXT-X-KEY:METHOD=AES-128,URI="key"', "#EXTINF:12,", "media0.ts"),
      "recording_unsupported",
    ],
    [
      "a short range",
      "ts/media.m3u8",
      list("#EXTINF:12,", "#EXT-X-BYTERANGE:9999999@0", "media0.ts"),
      "recording_incomplete",
    ],
  ])("%s", async (_, file, kind, code) => {
    fault(file, kind);
    const patience = code === "fetch_timeout" ? HASTE : PATIENCE;

    expect((await failureOf(download("ts/media.m3u8", { patience }))).code).toBe(code);
  });

  test.skipIf(!canMountSmallDisks)("a disk that becomes full between segments", async () => {
    await using disk = await mountSmallDisk(64 * 1024);
    const full = download("ts/media.m3u8", { path: join(disk.folder, "recording") });
    expect(await failureOf(full)).toMatchObject({ code: "storage_full", reason: "ENOSPC" });
  });

  test("one lost segment ends the transfers of the others", async () => {
    fault("ts/media0.ts", answer(403));
    for (const n of [1, 2, 3]) fault(`ts/media${n}.ts`, silence);

    // The silent ones alone would end in fetch_timeout.
    expect((await failureOf(download("ts/media.m3u8"))).code).toBe("media_refused");
  });

  test("an endless playlist is not read to its end", async () => {
    const lines = "#EXTINF:4,\nmedia0.ts\n".repeat(20_001);
    fault("ts/media.m3u8", list(lines));

    expect(await failureOf(download("ts/media.m3u8"))).toMatchObject({
      code: "recording_unsupported",
    });
  });
});

describe("private addresses in a playlist are never touched", () => {
  test.each([
    ["a redirected playlist", () => redirectTo(canary.origin)],
    ["a media playlist", () => master(`${canary.origin}/media.m3u8`)],
    ["a segment", () => list("#EXTINF:12,", `${canary.origin}/0.ts`)],
    ["a map", () => list(`#EXT-X-MAP:URI="${canary.origin}/i"`, "#EXTINF:12,", "media0.ts")],
    ["a file", () => list("#EXTINF:12,", "file:///etc/passwd")],
    ["https to loopback", () => list("#EXTINF:12,", "https://127.0.0.1/0.ts")],
  ])("%s", async (_, kind) => {
    fault("ts/media.m3u8", kind());

    expect((await failureOf(download("ts/media.m3u8"))).code).toBe("address_blocked");
    expect(canary.hits).toBe(0);
  });

  test("a redirected segment", async () => {
    fault("ts/media3.ts", redirectTo(`${canary.origin}/3.ts`));

    expect((await failureOf(download("ts/media.m3u8"))).code).toBe("address_blocked");
    expect(canary.hits).toBe(0);
  });

  test("a key", async () => {
    const key = `#EXT-X-KEY:METHOD=AES-128,URI="${canary.origin}/key"`;
    fault("ts/media.m3u8", list(key, "#EXTINF:12,", "media0.ts"));

    expect((await failureOf(download("ts/media.m3u8"))).code).toBe("recording_unsupported");
    expect(canary.hits).toBe(0);
  });
});
