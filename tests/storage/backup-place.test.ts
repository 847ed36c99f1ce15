import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeArchive } from "../../src/storage/backup-archive";
import { backupName, openBackupPlace } from "../../src/storage/backup-place";
import { startS3Server, startSilentBucket } from "../support/s3-server";

const folder = await mkdtemp(join(tmpdir(), "backup-place-"));
const s3 = await startS3Server();
afterAll(async () => {
  await s3.close();
  await rm(folder, { recursive: true });
});

const { signal } = new AbortController();
async function* pieces(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}
async function* broken() {
  yield Buffer.from("half");
  throw new Error("the source broke");
}
const early = backupName(new Date("2026-01-02T03:04:05.006Z"));
const late = backupName(new Date("2026-11-02T03:04:05.006Z"));

describe.each([
  ["a folder", () => openBackupPlace(folder)],
  ["a bucket", () => openBackupPlace(`s3://${s3.settings.bucket}/daily/`, s3.settings)],
])("%s", (_, open) => {
  test("stores, lists, opens and removes archives", async () => {
    const place = open();
    expect(await place.list()).toEqual([]);
    expect(await place.write(late, pieces("late", "r"), signal)).toBe(5);
    await place.write(early, pieces("early"), signal);

    expect(await place.list()).toEqual([
      { name: early, size_bytes: 5 },
      { name: late, size_bytes: 5 },
    ]);
    expect(await new Response(await place.open(late)).text()).toBe("later");
    await place.remove(early);
    await place.remove(late);
    expect(await place.list()).toEqual([]);
    expect(place.open(late)).rejects.toMatchObject({ errorCode: "backup_not_found" });
  });

  test("has no archive when its source breaks, or when it is cancelled", async () => {
    const place = open();
    const stop = new AbortController();
    stop.abort(new Error("stopped"));

    expect(place.write(late, broken(), signal)).rejects.toThrow("broke");
    expect(place.write(late, pieces("x"), stop.signal)).rejects.toThrow("stopped");
    await Bun.sleep(0);
    expect(await place.list()).toEqual([]);
  });
});

test("a folder keeps nothing of a failed archive", async () => {
  expect(await readdir(join(folder, ".tmp"))).toEqual([]);
});

test("a place that cannot be used is named with the reason of the system", async () => {
  const file = join(folder, "a-file");
  await writeFile(file, "");
  const silent = startSilentBucket();
  const limits = { requestMs: 50, transferMs: 50 };
  const bucket = openBackupPlace("s3://lectern/daily", silent.settings, limits);
  const refusal = (place: string, reason: string) => ({
    errorCode: "backup_place_unavailable",
    details: { place, reason },
  });
  const ofFile = refusal(file, "ENOTDIR");
  const ofBucket = refusal("s3://lectern/daily", "ETIMEDOUT");

  await expect(openBackupPlace(file).write(late, pieces("x"), signal)).rejects.toMatchObject(
    ofFile,
  );
  await expect(openBackupPlace(file).list()).rejects.toMatchObject(ofFile);
  await expect(
    openBackupPlace("/proc/none").write(late, pieces("x"), signal),
  ).rejects.toMatchObject(refusal("/proc/none", "ENOENT"));
  await expect(bucket.write(late, pieces("x"), signal)).rejects.toMatchObject(ofBucket);
  await expect(bucket.list()).rejects.toMatchObject(ofBucket);
  await expect(bucket.open(late)).rejects.toMatchObject(ofBucket);
  await silent.close();
});

test("a bucket without keys is refused", () => {
  expect(() => openBackupPlace("s3://bucket/x")).toThrow("environment is not usable");
});

test.each(["gs://bucket/x", "s3:bucket/x", "s3://", "S3://bucket/x", "file:///backups"])(
  "%s is no folder, and is refused",
  (address) => {
    expect(() => openBackupPlace(address, s3.settings)).toThrow("environment is not usable");
  },
);

test("a store that fails ends the reading of the source with its error", async () => {
  const endless = async (writer: Parameters<Parameters<typeof writeArchive>[0]>[0]) => {
    await writer.header({
      format: 1,
      lectern: "0",
      created_at: "",
      engine: "embedded",
      schema: [],
      tables: [],
      sequences: {},
    });
    for (;;) await writer.rows("t", [JSON.stringify(crypto.getRandomValues(Buffer.alloc(50_000)))]);
  };
  const full = async (bytes: AsyncIterable<Uint8Array>): Promise<number> => {
    for await (const _ of bytes) throw new Error("the disk is full");
    return 0;
  };

  expect(writeArchive(endless, full, signal)).rejects.toThrow("the disk is full");
});
