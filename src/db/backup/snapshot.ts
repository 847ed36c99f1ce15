import { connect, type Sql } from "../client";
import { type AppliedMigration, listAppliedMigrations } from "../migrate";
import {
  type BackupTable,
  FIXED_FORMATS,
  listBackupTables,
  quotedColumn,
  quotedName,
  readSequences,
} from "./tables";

/** A stored file that rows of the snapshot need. */
export type SnapshotFile = {
  kind: "document" | "audio";
  id: string;
  /** Of the upload; null where it is not stored. */
  sha256: string | null;
};

/** All rows as they are at one moment. */
export type DatabaseSnapshot = {
  schema: AppliedMigration[];
  tables: BackupTable[];
  sequences: Record<string, string>;
  files: SnapshotFile[];
  /**
   * The rows of a table in batches of a few MB. A row is a JSON object of text: each column as PostgreSQL writes it, so
   * that every type keeps its exact value on every engine.
   */
  rows(table: BackupTable): AsyncGenerator<string[]>;
};

/** Rows in a batch have this many characters, about; one row can have more. */
const BATCH_CHARS = 4_000_000;
const MAX_ROWS = 2_000;

/**
 * Reads the whole database in one transaction, while others go on writing. The embedded database has one session for
 * all, so pass a copy of it.
 *
 * @throws the errors of `read`; AppError `database_unavailable`
 */
export async function withSnapshot<T>(
  url: string,
  read: (snapshot: DatabaseSnapshot) => Promise<T>,
): Promise<T> {
  const sql = connect(url, { max: 1 });
  try {
    const result = await sql.begin("isolation level repeatable read read only", async (tx) => {
      await tx.unsafe(FIXED_FORMATS);
      const transaction = tx as unknown as Sql;
      return {
        value: await read({
          schema: await listAppliedMigrations(transaction),
          tables: await listBackupTables(transaction),
          sequences: await readSequences(transaction),
          files: await listNeededFiles(transaction),
          rows: (table) => readRows(transaction, table),
        }),
      };
    });
    return result.value;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function* readRows(sql: Sql, { name, columns }: BackupTable): AsyncGenerator<string[]> {
  const names = columns.map((column) => `'${column.replaceAll("'", "''")}'`).join(", ");
  const values = columns.map((column) => `t.${quotedColumn(column)}::text`).join(", ");
  await sql.unsafe(`
    declare backup_rows no scroll cursor for
    select json_object(array[${names}], array[${values}])::text as row from ${quotedName(name)} t`);
  for (let count = 1; ; ) {
    const rows = await sql.unsafe<{ row: string }[]>(`fetch ${count} from backup_rows`);
    if (rows.length === 0) break;
    yield rows.map(({ row }) => row);
    const chars = rows.reduce((sum, { row }) => sum + row.length, 0);
    const average = chars / rows.length;
    count = Math.max(1, Math.min(MAX_ROWS, count * 4, Math.floor(BATCH_CHARS / average)));
  }
  await sql.unsafe("close backup_rows");
}

/** The files that rows need. Audio first: it is removed when its lecture is complete. */
export const listNeededFiles = (sql: Sql) => sql<SnapshotFile[]>`
  select 'audio' as kind, audio_file_id as id, null as sha256 from lectures
  where audio_file_id is not null and deleted_at is null
  union
  select 'document', coalesce(file_id, id), sha256 from documents where deleted_at is null
  union
  select 'document', v.file_id, v.sha256 from document_versions v
  join documents d on d.id = v.document_id where d.deleted_at is null
  order by kind, id`;
