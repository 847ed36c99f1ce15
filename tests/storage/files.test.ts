import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDiskStorage } from "../../src/storage/disk";
import { AUDIO_FILES, DOCUMENT_FILES, type FileStorage, verifyFile } from "../../src/storage/files";
import { openS3Storage } from "../../src/storage/s3";
import { stagedFileName, sweepStaging } from "../../src/storage/staging";
import { startS3Server } from "../support/s3-server";

/** Longer than one S3 part, and no multiple of anything. */
const BYTES = Buffer.alloc(9 * 1024 * 1024 + 17, "slides and lectures ");
const SHA256 = createHash("sha256").update(BYTES).digest("hex");

const root = await mkdtemp(join(tmpdir(), "storage-"));
const s3 = await startS3Server();
afterAll(async () => {
  await s3.close();
  await rm(root, { recursive: true });
});

describe.each(["disk", "s3"])("document storage on %s", (kind) => {
  let storage: FileStorage;
  beforeAll(async () => {
    const folder = join(root, kind);
    storage =
      kind === "disk"
        ? await openDiskStorage(folder, DOCUMENT_FILES)
        : await openS3Storage(folder, DOCUMENT_FILES, s3.settings);
  });

  test("keeps the bytes of a stored document and empties the staging folder", async () => {
    const id = await stored(storage);
    const document = await storage.open(id);
    expect(document.size_bytes).toBe(BYTES.length);
    expect((await new Response(document.stream()).bytes()).length).toBe(BYTES.length);
    expect(await verifyFile(storage, id, SHA256)).toBe(true);
    expect(await readdir(storage.stagingDir)).toEqual([]);
  });

  test("streams a range as slice would cut it", async () => {
    const document = await storage.open(await stored(storage));
    const range = document.stream({ start: 1_000_003, end: 1_000_103 });
    const bytes = Buffer.from(await new Response(range).arrayBuffer());
    expect(bytes).toEqual(BYTES.subarray(1_000_003, 1_000_103));
  });

  test("notices bytes that are not those of the upload", async () => {
    const id = await stored(storage, Buffer.from("%PDF-1.7 something else"));
    expect(await verifyFile(storage, id, SHA256)).toBe(false);
  });

  test("gives tools a local path to the bytes", async () => {
    const id = await stored(storage);
    const scratch = await mkdtemp(join(root, "scratch-"));
    const path = await storage.localPath(id, scratch);
    expect((await readFile(path)).equals(BYTES)).toBe(true);
  });

  test("removes a document, twice without complaint", async () => {
    const id = await stored(storage);
    await storage.remove(id);
    await storage.remove(id);
    await expect(storage.open(id)).rejects.toMatchObject({ errorCode: "document_file_missing" });
  });

  test("says that a document is missing, wherever it is asked for", async () => {
    const id = crypto.randomUUID();
    const missing = { errorCode: "document_file_missing" };
    await expect(storage.open(id)).rejects.toMatchObject(missing);
    await expect(storage.localPath(id, root)).rejects.toMatchObject(missing);
    await expect(verifyFile(storage, id, SHA256)).rejects.toMatchObject(missing);
  });

  test("refuses ids that could leave its folder", async () => {
    const missing = { errorCode: "document_file_missing" };
    await expect(storage.open("../../etc/passwd")).rejects.toMatchObject(missing);
    await expect(storage.remove("../disk")).rejects.toMatchObject(missing);
  });

  test("an aborted store keeps no document", async () => {
    const id = crypto.randomUUID();
    const path = await staged(storage, BYTES);
    await expect(storage.store(id, path, AbortSignal.abort())).rejects.toThrow("aborted");
    await expect(storage.open(id)).rejects.toMatchObject({ errorCode: "document_file_missing" });
    await rm(path);
  });

  test("can prove that it works", async () => {
    expect(await storage.check()).toBeUndefined();
  });

  test("lists the ids of its files, and no other names", async () => {
    const id = await stored(storage);
    const listed = (await Array.fromAsync(storage.list())).flat();

    expect(listed).toContain(id);
    expect(listed.every((name) => /^[0-9a-f-]{36}$/.test(name))).toBe(true);
  });

  test("sweeps uploads of ended processes, and keeps those of running ones", async () => {
    const child = Bun.spawn(["true"]);
    await child.exited;
    const stage = async (name: string, minutes: number) => {
      const path = join(storage.stagingDir, name);
      await writeFile(path, "half");
      const changed = new Date(Date.now() - minutes * 60_000);
      await utimes(path, changed, changed);
      return name;
    };
    const ofAnEnded = stagedFileName().replace(`${process.pid}-`, `${child.pid}-`);
    const host = stagedFileName().split("-")[1]!;
    const other = (name: string) => name.replace(host, "00000000");
    await stage(ofAnEnded, 3);
    await stage(other(stagedFileName()), 7 * 60);
    const kept = [
      await stage(stagedFileName().replace(`${process.pid}-`, `${process.ppid}-`), 60),
      await stage(ofAnEnded.replace(".part", "-now.part"), 0),
      await stage(other(stagedFileName()), 60),
    ];

    expect(await sweepStaging(storage.stagingDir)).toBe(2);
    expect((await readdir(storage.stagingDir)).sort()).toEqual(kept.sort());
    for (const name of kept) await rm(join(storage.stagingDir, name));
  });
});

test("audio in a bucket is found by a machine with another folder, and is reported as missing after its removal", async () => {
  const receiver = await openS3Storage(join(root, "receiver"), AUDIO_FILES, s3.settings);
  const worker = await openS3Storage(join(root, "worker"), AUDIO_FILES, s3.settings);
  const id = await stored(receiver);
  const scratch = await mkdtemp(join(root, "scratch-"));
  expect((await readFile(await worker.localPath(id, scratch))).equals(BYTES)).toBe(true);

  await worker.remove(id);

  const missing = { errorCode: "audio_file_missing" };
  await expect(receiver.localPath(id, scratch)).rejects.toMatchObject(missing);
});

test("an upload to a bucket that is aborted between two parts leaves no object", async () => {
  const storage = await openS3Storage(join(root, "aborted"), DOCUMENT_FILES, s3.settings);
  const id = crypto.randomUUID();
  const path = await staged(storage, Buffer.alloc(64 * 1024 * 1024, 7));
  const stop = new AbortController();
  const store = storage.store(id, path, stop.signal);
  setTimeout(() => stop.abort(new Error("enough")), 30);
  await expect(store).rejects.toThrow("enough");
  await expect(storage.open(id)).rejects.toMatchObject({ errorCode: "document_file_missing" });
});

test("a bucket that does not answer is reported as unavailable storage", async () => {
  const storage = await openS3Storage(join(root, "gone"), DOCUMENT_FILES, {
    ...s3.settings,
    endpoint: "http://127.0.0.1:1",
  });
  await expect(storage.check()).rejects.toMatchObject({ errorCode: "storage_unavailable" });
});

test("a folder that cannot be made is reported as unavailable storage", async () => {
  const file = join(root, "a-file");
  await writeFile(file, "");
  await expect(openDiskStorage(file, DOCUMENT_FILES)).rejects.toMatchObject({
    errorCode: "storage_unavailable",
    details: { reason: "ENOTDIR" },
  });
});

async function staged(storage: FileStorage, bytes: Buffer): Promise<string> {
  const path = join(storage.stagingDir, crypto.randomUUID());
  await writeFile(path, bytes);
  return path;
}

async function stored(storage: FileStorage, bytes = BYTES): Promise<string> {
  const id = crypto.randomUUID();
  await storage.store(id, await staged(storage, bytes));
  return id;
}
