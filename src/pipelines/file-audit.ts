import type { Sql } from "../db/client";
import { listStoredFiles } from "../db/documents";
import { recordMissingFile, recordOrphanFiles } from "../db/file-audit";
import { AppError } from "../errors";
import type { FileStorage } from "../storage/files";

/** A file can be stored a moment before its row, so the rows are compared with the files of one listing. */
const PAGE = 500;

/** Newly found differences between the stored files and the rows. */
export type FileAudit = { orphans: number; missing: number };

/**
 * Compares the stored PDFs with the rows, and records files without a row and rows without a file as events.
 * It removes nothing: other software can share the folder or bucket.
 *
 * @throws AppError `storage_unavailable`
 */
export async function auditFiles(
  { db, storage }: { db: Sql; storage: FileStorage },
  signal: AbortSignal,
): Promise<FileAudit> {
  const found: FileAudit = { orphans: 0, missing: 0 };
  const stored = new Set<string>();
  for await (const ids of storage.list()) {
    signal.throwIfAborted();
    for (const id of ids) stored.add(id);
    found.orphans += await recordOrphanFiles(db, ids);
  }
  for (let after: string | null = null; ; ) {
    signal.throwIfAborted();
    const rows = await listStoredFiles(db, after, PAGE);
    for (const row of rows) {
      if (stored.has(row.file_id) || !(await isMissing(storage, row.file_id))) continue;
      found.missing += await recordMissingFile(db, row);
    }
    const last = rows.at(-1);
    if (!last) return found;
    after = last.file_id;
  }
}

/** The file can have been stored after the listing. */
async function isMissing(storage: FileStorage, id: string): Promise<boolean> {
  try {
    await storage.open(id);
    return false;
  } catch (error) {
    if (error instanceof AppError && error.errorCode === "document_file_missing") return true;
    throw error;
  }
}
