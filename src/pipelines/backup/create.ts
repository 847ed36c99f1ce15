import { version } from "../../../package.json";
import { type SnapshotFile, withSnapshot } from "../../db/backup/snapshot";
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

/** Removes all but the newest archives. */
export async function removeOldBackups(place: BackupPlace, keep: number): Promise<string[]> {
  const names = (await place.list()).map(({ name }) => name).slice(0, -keep);
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
  const found: Pick<ArchiveManifest, "missing" | "changed"> = { missing: [], changed: [] };
  for (const file of files) {
    signal.throwIfAborted();
    await addFile(writer, deps, file, found, signal);
  }
  for (const { name, path } of await new AnswerSpool(deps.dataRoot, deps.log).listFiles()) {
    await addAnswer(writer, name, path);
  }
  return writer.manifest(found);
}

async function addFile(
  writer: ArchiveWriter,
  { storage, uploadedAudio }: BackupDeps,
  { kind, id, sha256 }: SnapshotFile,
  found: Pick<ArchiveManifest, "missing" | "changed">,
  signal: AbortSignal,
): Promise<void> {
  const [files, from]: [FileKind, FileStorage] =
    kind === "document" ? [DOCUMENT_FILES, storage] : [AUDIO_FILES, uploadedAudio];
  const folder = kind === "document" ? "documents" : "uploaded-audio";
  const name = storedFileName(files, id);
  const stored = await from.open(id).catch((error: unknown) => {
    if (error instanceof AppError && error.errorCode === files.missing) return null;
    throw error;
  });
  if (!stored) {
    found.missing.push({ kind: folder, name });
    return;
  }
  const written = await asStorageFailure(
    writer.file(folder, name, stored.size_bytes, stored.stream()),
    signal,
  );
  if (sha256 && written.sha256 !== sha256) found.changed.push(name);
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
