import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deleteCourse } from "../../src/db/courses";
import {
  addUnclaimedFile,
  deleteUnclaimedFile,
  startFileRemoval,
} from "../../src/db/document-files";
import { requestDocument } from "../../src/db/documents";
import { keepExamAnswer } from "../../src/db/exam-answers";
import { AppError } from "../../src/errors";
import { receiveDocument } from "../../src/pipelines/document/request";
import { maintain } from "../../src/pipelines/maintenance";
import { openDiskStorage } from "../../src/storage/disk";
import { AUDIO_FILES, DOCUMENT_FILES, type FileStorage } from "../../src/storage/files";
import { openS3Storage } from "../../src/storage/s3";
import { withDatabase } from "../support/database";
import { createCourse, silentLog } from "../support/factories";
import { startS3Server } from "../support/s3-server";

setDefaultTimeout(120_000);

const db = await withDatabase();
const rest = {
  audioRetentionDays: 7,
  contentRetention: { pdfs: 0, transcripts: 0, embeddings: 0, chats: 0 },
  retention: { archives: 30, deadLetters: 90, events: 90, audit: 365, receipts: 400 },
  log: silentLog,
};
const root = await mkdtemp(join(tmpdir(), "maintenance-"));
const s3 = await startS3Server();
afterAll(async () => {
  await s3.close();
  await rm(root, { recursive: true });
});

describe.each(["disk", "s3"])("files without a row on %s", async (kind) => {
  const dataRoot = join(root, kind);
  const storage =
    kind === "disk"
      ? await openDiskStorage(dataRoot, DOCUMENT_FILES)
      : await openS3Storage(dataRoot, DOCUMENT_FILES, s3.settings);
  const uploadedAudio = await openDiskStorage(dataRoot, AUDIO_FILES);
  const isThere = (id: string) =>
    storage.open(id).then(
      () => true,
      () => false,
    );
  const maintainOnce = () => maintain({ db, storage, uploadedAudio, dataRoot, ...rest });

  /** Uploads into a storage that is told how its `store` ends; answers the id it was asked to store. */
  const upload = async (course_id: string, afterwards = async () => {}) => {
    let stored = "";
    const watched: FileStorage = {
      ...storage,
      store: async (id, path) => {
        await storage.store((stored = id), path);
        await afterwards();
      },
    };
    const path = join(storage.stagingDir, crypto.randomUUID());
    const size_bytes = await Bun.write(path, `%PDF-1.7 ${path}`);
    const sha256 = new Bun.CryptoHasher("sha256").update(path).digest("hex");
    const file = { path, filename: "a.pdf", size_bytes, sha256 };
    const request = { course_id, priority: "normal" as const };
    const failure = await receiveDocument({ db, storage: watched }, request, file).then(
      () => null,
      String,
    );
    return { id: stored, failure };
  };
  const makeOld = () => db`update unclaimed_files set since = now() - interval '2 hours'`;
  const unclaimed = async () => (await db`select from unclaimed_files`).count;

  test("that an outage left are removed, but not while an upload may go on", async () => {
    const away = async () => void (await db`alter table documents rename to documents_away`);
    const { id, failure } = await upload(await createCourse(db), away);
    await db`alter table documents_away rename to documents`;
    expect(failure).toContain("documents");

    await maintainOnce();
    expect(await isThere(id)).toBe(true);
    await makeOld();
    await maintainOnce();

    expect(await isThere(id)).toBe(false);
    expect(await unclaimed()).toBe(0);
    const events = await db`
      select from processing_events
      where event_type = 'orphan_file_removed' and payload ->> 'file_id' = ${id}`;
    expect(events.count).toBe(1);
  });

  test("are none of those that were accepted", async () => {
    const { id, failure } = await upload(await createCourse(db));
    expect([failure, await unclaimed()]).toEqual([null, 0]);

    await makeOld();
    await maintainOnce();

    expect(await isThere(id)).toBe(true);
  });

  test("that a deleted course left when the process died are removed", async () => {
    const course_id = await createCourse(db);
    const { id } = await upload(course_id);
    await deleteCourse(db, course_id); // and no removal of its files

    await makeOld();
    await maintainOnce();

    expect(await isThere(id)).toBe(false);
    expect(await unclaimed()).toBe(0);
  });
});

test("a file that is given up can be no document's any more", async () => {
  const id = crypto.randomUUID();
  const course_id = await createCourse(db);
  await addUnclaimedFile(db, id);
  expect(await startFileRemoval(db, -1)).toEqual([id]);

  const late = requestDocument(db, {
    id,
    course_id,
    filename: "a.pdf",
    title: null,
    priority: "normal",
    storage_url: "documents/a.pdf",
    size_bytes: 1,
    sha256: "b".repeat(64),
  });

  await expect(late).rejects.toThrow("being removed");
  expect((await db`select from documents where id = ${id}`).count).toBe(0);
  await deleteUnclaimedFile(db, id);
});

test("a storage that fails keeps nothing else from being put in order", async () => {
  const dataRoot = join(root, "failing");
  const away = async () => {
    throw new AppError("storage_unavailable");
  };
  const storage = { ...(await openDiskStorage(dataRoot, DOCUMENT_FILES)), remove: away };
  const uploadedAudio = await openDiskStorage(dataRoot, AUDIO_FILES);
  await addUnclaimedFile(db, crypto.randomUUID());
  await db`update unclaimed_files set since = now() - interval '2 hours'`;
  await db`
    insert into idempotency_keys (key, route, request_hash, created_at)
    values ('old', 'POST /', '', now() - interval '2 days')`;

  await maintain({ db, storage, uploadedAudio, dataRoot, ...rest });

  expect((await db`select from idempotency_keys`).count).toBe(0);
  expect((await db`select from unclaimed_files`).count).toBe(1);
});

test("answers of an exam that was not repeated within a day are deleted", async () => {
  const course_id = await createCourse(db);
  for (const fingerprint of ["new", "old"])
    await keepExamAnswer(db, course_id, fingerprint, { text: "42" });
  await db`update exam_answers set created_at = now() - interval '25 hours' where fingerprint = 'old'`;
  const storage = await openDiskStorage(root, DOCUMENT_FILES);
  const uploadedAudio = await openDiskStorage(root, AUDIO_FILES);

  await maintain({ db, storage, uploadedAudio, dataRoot: root, ...rest });

  const kept = await db`select fingerprint from exam_answers`;
  expect(kept.map(({ fingerprint }) => fingerprint)).toEqual(["new"]);
});
