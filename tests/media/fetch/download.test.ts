import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DownloadProgress, downloadFile } from "../../../src/media/fetch/download";
import { openGuardedFetch } from "../../../src/media/fetch/guarded-fetch";
import { failureOf } from "../../support/failures";
import { openTestSite } from "../../support/panopto";
import { answer, cutAfter, loginPage, type relay, stallAfter } from "../../support/panopto/faults";
import { sampleMedia } from "../../support/panopto/media";
import { canMountSmallDisks, mountSmallDisk } from "../../support/small-disk";

const site = await openTestSite();
const folder = mkdtempSync(join(tmpdir(), "download-"));
const path = join(folder, "recording");
const original = await Bun.file(join(await sampleMedia(), "video.mp4")).bytes();
afterAll(() => {
  site.close();
  rmSync(folder, { recursive: true });
});

let url: string;
/** Of this test's address alone, so that faults of other tests stay theirs. */
let part: string;
let progress: DownloadProgress[];
beforeEach(() => {
  const id = new URL(site.addSession({})).searchParams.get("id");
  part = `${id}/video.mp4`;
  url = `${site.origin}/sessions/${part}`;
  progress = [];
  site.seen.length = 0;
});

function download(signal = new AbortController().signal, to = path) {
  const fetch = openGuardedFetch({ allowedHosts: [site.host] });
  // A busy machine may stand still for seconds, which must not look like a site that does.
  const patience = { stallMs: 4_000, timeoutMs: 60_000, fileTimeoutMs: 60_000, backoffMs: 5 };
  const onProgress = (step: DownloadProgress) => progress.push(step);
  return downloadFile({ fetch, url, path: to, patience, onProgress, signal });
}

const downloaded = () => Bun.file(path).bytes();
const ranges = () => site.seen.map(({ range }) => range);

describe("downloadFile", () => {
  test("writes the file and reports its progress", async () => {
    await download();

    expect(await downloaded()).toEqual(original);
    const total = original.byteLength;
    expect(progress.at(-1)).toEqual({ done: total, total, unit: "bytes" });
  });

  test("goes on where a cut transfer stopped", async () => {
    site.fault(part, cutAfter(50_000), 1);
    await download();

    expect(await downloaded()).toEqual(original);
    expect(ranges()).toEqual([undefined, "bytes=50000-"]);
  });

  test("goes on where a stalled transfer stopped", async () => {
    site.fault(part, stallAfter(60_000), 1);
    await download();

    expect(await downloaded()).toEqual(original);
    expect(ranges()).toEqual([undefined, "bytes=60000-"]);
  });

  test("starts again when the file has changed", async () => {
    const other = "x".repeat(1_000);
    site.fault(part, answer(200, other, { etag: '"other"' }));
    site.fault(part, cutAfter(50_000), 1);
    await download();

    expect(await Bun.file(path).text()).toBe(other);
  });

  test("starts over when the server does not say which file it is", async () => {
    const unnamed = async (exchange: Parameters<typeof relay>[0]) => {
      const forward = async () => {
        const { status, body, headers } = await exchange.forward();
        headers.delete("etag");
        headers.delete("last-modified");
        return new Response(body, { status, headers });
      };
      await cutAfter(50_000)({ ...exchange, forward });
    };
    site.fault(part, unnamed, 1);
    await download();

    expect(await downloaded()).toEqual(original);
    expect(ranges()).toEqual([undefined, undefined]);
  });

  test("waits as long as a busy server asks, then goes on", async () => {
    site.fault(part, answer(429, "", { "retry-after": "1" }), 1);
    const started = performance.now();
    await download();

    expect(await downloaded()).toEqual(original);
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  test("leaves a longer wait to the queue", async () => {
    site.fault(part, answer(429, "", { "retry-after": "600" }));

    expect(await failureOf(download())).toMatchObject({
      code: "provider_rate_limited",
      retry_after_ms: 600_000,
    });
    expect(site.seen).toHaveLength(1);
  });

  test("gives up on a transfer that is cut at the same place every time", async () => {
    site.fault(part, cutAfter(0));

    expect((await failureOf(download())).code).toBe("fetch_interrupted");
    expect(site.seen.length).toBeGreaterThan(3);
  });

  test.skipIf(!canMountSmallDisks)(
    "reports a disk that becomes full, instead of a damaged recording, and does not try again at once",
    async () => {
      await using disk = await mountSmallDisk(64 * 1024);
      const failure = await failureOf(download(undefined, join(disk.folder, "recording")));

      expect(failure).toMatchObject({ code: "storage_full", reason: "ENOSPC" });
      expect(site.seen).toHaveLength(1);
    },
  );

  test("takes no empty file for a recording", async () => {
    site.fault(part, answer(200, ""));

    expect((await failureOf(download())).code).toBe("recording_incomplete");
  });

  test.each([
    ["403", answer(403), "media_refused", 1],
    ["404", answer(404), "media_refused", 1],
    ["a login page", loginPage, "media_refused", 1],
    ["500", answer(500), "provider_unavailable", 6],
  ])("%s is %s after %d requests", async (_, fault, code, requests) => {
    site.fault(part, fault);

    expect((await failureOf(download())).code).toBe(code);
    expect(site.seen).toHaveLength(requests);
  });

  test("stops when the caller gives up", async () => {
    site.fault(part, stallAfter(1_000));
    const caller = new AbortController();
    const downloading = download(caller.signal);
    while (site.seen.length === 0) await Bun.sleep(2);
    caller.abort(new Error("the lecture was deleted"));

    await expect(downloading).rejects.toThrow("the lecture was deleted");
    expect(site.seen).toHaveLength(1);
  });
});
