import { AppError, type ErrorCode } from "../../errors";
import type { Sql } from "../client";

/** A backup that runs, is stored, or has failed. Times are ISO 8601. */
export type BackupRecord = {
  id: string;
  place: string;
  started_at: string;
  /** Null while it runs. */
  finished_at: string | null;
  archive: string | null;
  size_bytes: number | null;
  rows: number | null;
  files: number | null;
  missing: number | null;
  changed: number | null;
  error_code: ErrorCode | null;
  error_message: string | null;
};

/** The numbers of a stored archive. */
type StoredArchive = Pick<
  { [Name in keyof BackupRecord]: NonNullable<BackupRecord[Name]> },
  "archive" | "size_bytes" | "rows" | "files" | "missing" | "changed"
>;

/**
 * Starts a backup in the whole installation.
 *
 * @param everySeconds  only if the last one is older; null: in any case
 * @returns its id; null while another one runs, and if the last one is younger
 */
export async function claimBackup(
  sql: Sql,
  place: string,
  everySeconds: number | null,
): Promise<string | null> {
  const [row] = await sql<{ id: string | null }[]>`
    select claim_backup(${place}, ${everySeconds}::float8) as id`;
  return row!.id;
}

/** Records that the process of a running backup is alive. */
export async function refreshBackup(sql: Sql, id: string): Promise<void> {
  await sql`update backups set seen_at = clock_timestamp() where id = ${id} and finished_at is null`;
}

export async function finishBackup(sql: Sql, id: string, stored: StoredArchive): Promise<void> {
  const { archive, size_bytes, rows, files, missing, changed } = stored;
  await sql`
    update backups set finished_at = clock_timestamp(), archive = ${archive}, size_bytes = ${size_bytes},
      rows = ${rows}, files = ${files}, missing = ${missing}, changed = ${changed},
      error_code = null, error_message = null
    where id = ${id}`;
}

export async function failBackup(
  sql: Sql,
  id: string,
  { error_code, error_message }: { error_code: ErrorCode; error_message: string },
): Promise<void> {
  await sql`
    update backups set finished_at = clock_timestamp(), error_code = ${error_code}, error_message = ${error_message}
    where id = ${id}`;
}

/** The newest archive at a place that has all its files unchanged; null without one. */
export async function findCompleteArchive(sql: Sql, place: string): Promise<string | null> {
  const [found] = await sql<{ archive: string }[]>`
    select archive from backups
    where place = ${place} and archive is not null and error_code is null and missing = 0 and changed = 0
    order by started_at desc limit 1`;
  return found?.archive ?? null;
}

/** The newest backups first. */
export const listBackups = (sql: Sql, limit: number) => sql<BackupRecord[]>`
  select ${columns(sql)} from backups order by started_at desc, id limit ${limit}`;

/** @throws AppError `backup_not_found` */
export async function getBackup(sql: Sql, id: string): Promise<BackupRecord> {
  const [found] = await sql<BackupRecord[]>`select ${columns(sql)} from backups where id = ${id}`;
  if (!found) throw new AppError("backup_not_found");
  return found;
}

/** A backup whose process has ended is shown as ended, before the next `claim_backup` records it. */
const columns = (sql: Sql) => {
  const isLost = sql`(finished_at is null and seen_at < clock_timestamp() - interval '1 minute')`;
  return sql`
    id, place, started_at, case when ${isLost} then seen_at else finished_at end as finished_at,
    archive, size_bytes::float8, rows::float8, files, missing, changed,
    case when ${isLost} then 'cancelled' else error_code end as error_code,
    case when ${isLost} then 'The process ended during the backup' else error_message end as error_message`;
};
