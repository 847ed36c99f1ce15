import { AppError } from "../../errors";
import { connect, type Sql } from "../client";
import { type AppliedMigration, listAppliedMigrations } from "../migrate";
import {
  type BackupTable,
  FIXED_FORMATS,
  listBackupTables,
  quotedColumn,
  quotedName,
} from "./tables";

/** Writes rows of a snapshot into a table. */
export type RowLoader = (table: string, rows: string[]) => Promise<void>;

/**
 * Loads the rows of a backup into an installation without courses, in one transaction: after a failure or a kill the
 * database is as before. Then the queue is on hold, so that no worker begins before an operator resumes it.
 *
 * @param tables  of the archive, with their columns
 * @param load  passes every row to the loader; when it throws, nothing is stored
 * @throws AppError `restore_not_empty`, `restore_busy` while another process uses the tables,
 *   `backup_incompatible` for a table or column that this schema does not have
 */
export async function replaceRows(
  url: string,
  { tables, sequences }: { tables: BackupTable[]; sequences: Record<string, string> },
  load: (loader: RowLoader) => Promise<void>,
): Promise<void> {
  const sql = connect(url, { max: 1 });
  try {
    await sql.begin(async (tx) => {
      const transaction = tx as unknown as Sql;
      await tx.unsafe(`${FIXED_FORMATS}; set local lock_timeout = '10s'`);
      const columns = await readColumns(transaction, tables);
      await assertEmpty(transaction);
      const foreignKeys = await dropForeignKeys(transaction);
      const names = (await listBackupTables(transaction)).map(({ name }) => quotedName(name));
      await tx.unsafe(`truncate ${names.join(", ")}`);
      for (const name of names) await tx.unsafe(`alter table ${name} disable trigger user`);
      await load((table, rows) => insertRows(transaction, table, columns.get(table)!, rows));
      for (const name of names) await tx.unsafe(`alter table ${name} enable trigger user`);
      for (const statement of foreignKeys) await tx.unsafe(statement);
      await setSequences(transaction, sequences);
      await holdQueue(transaction);
      for (const name of names) await tx.unsafe(`analyze ${name}`);
    });
  } catch (error) {
    const isLocked = (error as { code?: string }).code === "55P03";
    throw isLocked ? new AppError("restore_busy", {}, { cause: error }) : error;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * Checks, before anything changes, that an archive can be loaded into a database.
 *
 * @param schema  the migrations of the archive
 * @throws AppError `restore_not_empty`; `backup_incompatible` when the database has later migrations
 */
export async function assertRestorable(url: string, schema: AppliedMigration[]): Promise<void> {
  const sql = connect(url, { max: 1 });
  try {
    const [row] = await sql<{ is_new: boolean }[]>`
      select to_regclass('public.schema_migrations') is null or to_regclass('public.courses') is null as is_new`;
    if (row!.is_new) return;
    await assertEmpty(sql);
    const applied = (await listAppliedMigrations(sql)).at(-1)?.name ?? "";
    if (applied <= schema.at(-1)!.name) return;
    const reason =
      "an earlier version of Lectern made it, and this database was started with a later one: restore it into a new database";
    throw new AppError("backup_incompatible", { reason });
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** @throws AppError `restore_not_empty` */
async function assertEmpty(sql: Sql): Promise<void> {
  const [row] = await sql<{ found: string | null }[]>`
    select case
      when exists (select from courses) then 'courses'
      when exists (select from users) then 'users'
      when exists (select from api_keys) then 'API keys'
      when exists (select from webhook_endpoints) then 'webhooks' end as found`;
  if (row!.found) throw new AppError("restore_not_empty", { found: row!.found });
}

type ColumnTypes = Record<string, string>;

/** The types of the archive's columns in this database, by table. */
async function readColumns(sql: Sql, tables: BackupTable[]): Promise<Map<string, ColumnTypes>> {
  const rows = await sql<{ table: string; column: string; type: string }[]>`
    select n.nspname || '.' || c.relname as table, a.attname as column,
           format_type(a.atttypid, a.atttypmod) as type
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname in ('public', 'pgmq')
      and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''`;
  const known = new Set((await listBackupTables(sql)).map(({ name }) => name));
  const types = new Map(
    rows
      .filter(({ table }) => known.has(table))
      .map(({ table, column, type }) => [`${table}.${column}`, type]),
  );
  return new Map(
    tables.map(({ name, columns }) => [
      name,
      Object.fromEntries(
        columns.map((column) => {
          const type = types.get(`${name}.${column}`);
          if (type) return [column, type];
          throw new AppError("backup_incompatible", { reason: `no column ${name}.${column} here` });
        }),
      ),
    ]),
  );
}

async function insertRows(
  sql: Sql,
  table: string,
  columns: ColumnTypes,
  rows: string[],
): Promise<void> {
  const names = Object.keys(columns).map(quotedColumn);
  const values = Object.entries(columns).map(([name, type]) => `r.${quotedColumn(name)}::${type}`);
  const texts = names.map((name) => `${name} text`);
  await sql.unsafe(
    `insert into ${quotedName(table)} (${names.join(", ")}) overriding system value
     select ${values.join(", ")} from jsonb_to_recordset($1::text::jsonb) as r (${texts.join(", ")})`,
    [`[${rows.join(",")}]`],
  );
}

/**
 * Drops all foreign keys, because rows arrive in the order of the tables' names.
 *
 * @returns the statements that create them again, which checks all rows
 */
async function dropForeignKeys(sql: Sql): Promise<string[]> {
  const keys = await sql<{ table: string; key: string; definition: string }[]>`
    select n.nspname || '.' || c.relname as table, k.conname as key,
           pg_get_constraintdef(k.oid) as definition
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and n.nspname = 'public' order by 1, 2`;
  for (const { table, key } of keys) {
    await sql.unsafe(`alter table ${quotedName(table)} drop constraint ${quotedColumn(key)}`);
  }
  return keys.map(
    ({ table, key, definition }) =>
      `alter table ${quotedName(table)} add constraint ${quotedColumn(key)} ${definition}`,
  );
}

async function setSequences(sql: Sql, sequences: Record<string, string>): Promise<void> {
  for (const [name, last] of Object.entries(sequences)) {
    await sql`select setval(to_regclass(${quotedName(name)}), ${last}::text::bigint)`;
  }
}

/**
 * The processes of the backed-up installation do not run here: their claims end, and their jobs are not
 * charged for it.
 */
async function holdQueue(sql: Sql): Promise<void> {
  await sql`
    update jobs set process_id = null
    where next_attempt_at is null and job_state not in ('completed', 'failed')`;
  await sql`select release_all_claims()`;
  await sql`insert into queue_hold (reason) values ('restored from a backup')`;
}
