import { version } from "../../../package.json";
import { listNeededFiles, type SnapshotFile, withSnapshot } from "../../db/backup/snapshot";
import type { Sql } from "../../db/client";
import type { DatabaseServer } from "../../db/server";
import { AppError } from "../../errors";
import type { Log } from "../../log";
import { AnswerSpool } from "../../storage/answer-spool";
import {
  ARCHIVE_FORMAT,
  type ArchiveManifest,
  type ArchiveWriter,
  writeArchive,
} from "../../storage/backup-archive";
import { type BackupPlace, backupName } from "../../storage/backup-place";
import { asStorageFailure } from "../../storage/failure";
import {
  AUDIO_FILES,
  DOCUMENT_FILES,
  type FileKind,
  type FileStorage,
  storedFileName,
} from "../../storage/files";

export type BackupDeps = {
  db: Sql;
  database: Pick<DatabaseServer, "engine" | "openCopy">;
  storage: FileStorage;
  uploadedAudio: FileStorage;
  dataRoot: string;
  log: Pick<Log, "warn">;
};

/** A stored backup in a few numbers. */
export type BackupSummary = {
  archive: string;
  size_bytes: number;
  rows: number;
  files: number;
  /** Files that rows name and the storage does not have. */
  missing: number;
  /** PDFs whose bytes differ from the upload. */
  changed: number;
};

/**
 * Stores all rows and files of the installation as one archive, while it is used. The rows are those of one
 * moment; files are stored before their rows and never change, so each row has its file.
 *
 * @param now  names the archive
 * @throws AppError `backup_place_unavailable`, `storage_unavailable`, `database_unavailable`; the signal's reason. The archive does not
 *   exist then
 */
export async function createBackup(
  deps: BackupDeps,
  place: BackupPlace,
  now: Date,
  signal: AbortSignal,
): Promise<BackupSummary> {
  const archive = backupName(now);
  const { filled, size_bytes } = await writeArchive(
    (writer) => fill(writer, deps, now, signal),
    (bytes, stop) => place.write(archive, bytes, stop),
    signal,
  );
  return { archive, size_bytes, ...summarize(filled) };
}

/**
 * Removes all but the newest archives.
 *
 * @param complete  the newest archive with all files, which stays too; null if none is known
 */
export async function removeOldBackups(
  place: BackupPlace,
  keep: number,
  complete: string | null,
): Promise<string[]> {
  const old = (await place.list()).map(({ name }) => name).slice(0, -keep);
  const names = old.filter((name) => name !== complete);
  for (const name of names) await place.remove(name);
  return names;
}

export function summarize({ tables, files, missing, changed }: ArchiveManifest) {
  const rows = Object.values(tables).reduce((sum, table) => sum + table.rows, 0);
  return { rows, files: files.length, missing: missing.length, changed: changed.length };
}

async function fill(
  writer: ArchiveWriter,
  deps: BackupDeps,
  now: Date,
  signal: AbortSignal,
): Promise<ArchiveManifest> {
  const copy = await deps.database.openCopy();
  let files: SnapshotFile[];
  try {
    files = await withSnapshot(copy.url, async (snapshot) => {
      await writer.header({
        format: ARCHIVE_FORMAT,
        lectern: version,
        created_at: now.toISOString(),
        engine: deps.database.engine,
        schema: snapshot.schema,
        tables: snapshot.tables,
        sequences: snapshot.sequences,
      });
      for (const table of snapshot.tables) {
        for await (const rows of snapshot.rows(table)) {
          signal.throwIfAborted();
          await writer.rows(table.name, rows);
        }
      }
      return snapshot.files;
    });
  } finally {
    await copy.close();
  }
  const changed: string[] = [];
  const absent: SnapshotFile[] = [];
  for (const file of files) {
    signal.throwIfAborted();
    const state = await addFile(writer, deps, file, signal);
    if (state === "missing") absent.push(file);
    if (state === "changed") changed.push(storedNameOf(file).name);
  }
  for (const { name, path } of await new AnswerSpool(deps.dataRoot, deps.log).listFiles()) {
    await addAnswer(writer, name, path);
  }
  return writer.manifest({ missing: await listLostFiles(deps.db, absent), changed });
}

/** Without the files that were removed with their documents or lectures while the backup ran. */
async function listLostFiles(
  db: Sql,
  absent: readonly SnapshotFile[],
): Promise<ArchiveManifest["missing"]> {
  if (absent.length === 0) return [];
  const keyOf = ({ kind, id }: SnapshotFile) => `${kind} ${id}`;
  const needed = new Set((await listNeededFiles(db)).map(keyOf));
  return absent.filter((file) => needed.has(keyOf(file))).map(storedNameOf);
}

/** The folder and the name of a file in an archive. */
function storedNameOf({ kind, id }: SnapshotFile): ArchiveManifest["missing"][number] {
  return kind === "document"
    ? { kind: "documents", name: storedFileName(DOCUMENT_FILES, id) }
    : { kind: "uploaded-audio", name: storedFileName(AUDIO_FILES, id) };
}

async function addFile(
  writer: ArchiveWriter,
  { storage, uploadedAudio }: BackupDeps,
  file: SnapshotFile,
  signal: AbortSignal,
): Promise<"stored" | "missing" | "changed"> {
  const { id, sha256 } = file;
  const [files, from]: [FileKind, FileStorage] =
    file.kind === "document" ? [DOCUMENT_FILES, storage] : [AUDIO_FILES, uploadedAudio];
  const stored = await from.open(id).catch((error: unknown) => {
    if (error instanceof AppError && error.errorCode === files.missing) return null;
    throw error;
  });
  if (!stored) return "missing";
  const { kind, name } = storedNameOf(file);
  const written = await asStorageFailure(
    writer.file(kind, name, stored.size_bytes, stored.stream()),
    signal,
  );
  return sha256 && written.sha256 !== sha256 ? "changed" : "stored";
}

/** A job that ends at this moment removes its answers. */
async function addAnswer(writer: ArchiveWriter, name: string, path: string): Promise<void> {
  const bytes = await Bun.file(path)
    .bytes()
    .catch(() => null);
  if (bytes) await writer.file("paid-answers", name, bytes.length, toPieces(bytes));
}

async function* toPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
