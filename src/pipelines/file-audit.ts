import type { Sql } from "../db/client";
import { listFileOwners, recordMissingFile, recordOrphanFiles } from "../db/file-audit";
import type { JobKind } from "../db/jobs/jobs";
import { AppError } from "../errors";
import type { FileStorage } from "../storage/files";

const PAGE = 500;

/** Newly found differences between the stored files and the rows. */
export type FileAudit = { orphans: number; missing: number };

/**
 * Compares the stored files of documents or of lectures with the rows, and records files without a row and
 * rows without a file as events. It removes nothing: other software can share the folder or bucket.
 *
 * @throws AppError `storage_unavailable`; the signal's reason when it aborts
 */
export async function auditFiles(
  { db, storage }: { db: Sql; storage: FileStorage },
  kind: JobKind,
  signal: AbortSignal,
): Promise<FileAudit> {
  const found: FileAudit = { orphans: 0, missing: 0 };
  const stored = new Set<string>();
  for await (const ids of storage.list()) {
    signal.throwIfAborted();
    for (const id of ids) stored.add(id);
    found.orphans += await recordOrphanFiles(db, kind, ids);
  }
  for (let after: string | null = null; ; ) {
    signal.throwIfAborted();
    const owners = await listFileOwners(db, kind, after, PAGE);
    for (const owner of owners) {
      if (stored.has(owner.file_id) || !(await isMissing(storage, owner.file_id))) continue;
      found.missing += await recordMissingFile(db, kind, owner);
    }
    const last = owners.at(-1);
    if (!last) return found;
    after = last.file_id;
  }
}

const MISSING = ["document_file_missing", "audio_file_missing"];

/** The file can have been stored after the listing. */
async function isMissing(storage: FileStorage, id: string): Promise<boolean> {
  try {
    await storage.open(id);
    return false;
  } catch (error) {
    if (error instanceof AppError && MISSING.includes(error.errorCode)) return true;
    throw error;
  }
}
