import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Sql } from "../../src/db/client";
import { openServerDatabase } from "../../src/db/server";
import { insertWebhookEndpoint } from "../../src/db/webhooks/endpoints";
import { type BackupDeps, createBackup } from "../../src/pipelines/backup/create";
import { receiveDocument } from "../../src/pipelines/document/request";
import { openBackupPlace } from "../../src/storage/backup-place";
import { openDiskStorage } from "../../src/storage/disk";
import { AUDIO_FILES, DOCUMENT_FILES, type FileStorage } from "../../src/storage/files";
import { createKey } from "./access";
import { ANSWER, createStudiedCourse, SEARCH, serveChat } from "./chat";
import { addLecture, direction } from "./corpus";
import type { TestDatabase } from "./database";
import { databaseUrl } from "./database";
import { silentLog } from "./factories";

/** A database with its folder of files. Its `await using` block removes both. */
export type Installation = AsyncDisposable & {
  url: string;
  db: Sql;
  dataRoot: string;
  storage: FileStorage;
  uploadedAudio: FileStorage;
  backupDeps: BackupDeps;
};

/** @param database  a migrated one of this run's engine by default */
export async function openInstallation(database?: TestDatabase): Promise<Installation> {
  const { url, close } = database ?? (await databaseUrl());
  const db = connect(url, { max: 3 });
  const dataRoot = await mkdtemp(join(tmpdir(), "lectern-installation-"));
  const storage = await openDiskStorage(dataRoot, DOCUMENT_FILES);
  const uploadedAudio = await openDiskStorage(dataRoot, AUDIO_FILES);
  return {
    url,
    db,
    dataRoot,
    storage,
    uploadedAudio,
    backupDeps: {
      db,
      database: openServerDatabase(url),
      storage,
      uploadedAudio,
      dataRoot,
      log: silentLog,
    },
    async [Symbol.asyncDispose]() {
      await db.end({ timeout: 1 });
      await close();
      await rm(dataRoot, { recursive: true, force: true });
    },
  };
}

/** Stores a backup in the installation's own folder; returns its path. */
export async function backUp({ backupDeps, dataRoot }: Installation, now = new Date()) {
  const folder = join(dataRoot, "backups");
  const { signal } = new AbortController();
  const summary = await createBackup(backupDeps, openBackupPlace(folder), now, signal);
  return { ...summary, path: join(folder, summary.archive) };
}

export const QUESTION = "What is the entropy of a coin?";

/** Asks the course with a scripted model; what it found is in the citations. */
export async function ask(db: Sql, course_id: string) {
  await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
  const response = await server.post("/api/chat", { course_id, message: QUESTION });
  const answer = (await response.text()).replaceAll(server.url, "http://server");
  const { session_id, content, citations } = JSON.parse(answer);
  return { session_id: session_id as string, content, citations };
}

/** A course with slides, speech, a vector, a waiting deck, a conversation, a key and a webhook. */
export async function fillInstallation({ db, storage }: Installation) {
  const { course_id, document_id } = await createStudiedCourse(db);
  await db`delete from documents where id = ${document_id}`;
  const bytes = Buffer.from(`%PDF-1.7 ${crypto.randomUUID()}`);
  const path = join(storage.stagingDir, "deck.part");
  await Bun.write(path, bytes);
  const deck = await receiveDocument(
    { db, storage },
    { course_id, priority: "normal" },
    {
      path,
      filename: "coins “é”.pdf",
      size_bytes: bytes.length,
      sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex"),
    },
  );
  await db`
    insert into slide_chunks (document_id, course_id, chunk_index, page_number, page_end, content, text_config)
    values (${deck.document_id}, ${course_id}, 0, 7, 7, 'A fair coin has one bit of entropy.', 'english')`;
  await addLecture(db, course_id, [{ content: "Über Münzen", embedding: direction(0.3, 0.7) }]);
  const key = await createKey(db, { scopes: ["read", "chat"] });
  await insertWebhookEndpoint(db, {
    course_id,
    url: "https://hooks.example/lectern",
    description: null,
    event_types: null,
    secret: "whsec_test",
  });
  const answer = await ask(db, course_id);
  return { course_id, document_id: deck.document_id, key, bytes, answer };
}
