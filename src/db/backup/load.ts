import { AppError } from "../../errors";
import { connect, type Sql } from "../client";
import { type AppliedMigration, findPendingMigrations, listAppliedMigrations } from "../migrate";
import {
  type BackupTable,
  FIXED_FORMATS,
  listBackupTables,
  quotedColumn,
  quotedName,
} from "./tables";

/** The advisory lock of all restores into a database. */
const LOCK = 7_305_843;

/** PostgreSQL's `lock_not_available` and `deadlock_detected`: another process uses the tables. */
const IN_USE = new Set(["55P03", "40P01"]);

/** Writes rows of a snapshot into a table. */
export type RowLoader = (table: string, rows: string[]) => Promise<void>;

/**
 * Loads the rows of a backup into an installation without courses, in one transaction: after a failure or a kill the
 * database is as before. Then the queue is on hold, so that no worker begins before an operator resumes it.
 *
 * @param tables  of the archive, with their columns
 * @param load  passes every row to the loader; when it throws, nothing is stored
 * @throws AppError `restore_not_empty`, `restore_busy` while another process uses the tables or restores,
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
      const [only] = await tx<
        { locked: boolean }[]
      >`select pg_try_advisory_xact_lock(${LOCK}) as locked`;
      if (!only!.locked) throw new AppError("restore_busy");
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
    const isInUse = IN_USE.has((error as { code?: string }).code ?? "");
    throw isInUse ? new AppError("restore_busy", {}, { cause: error }) : error;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * Checks, before anything changes, that an archive can be loaded into a database.
 *
 * @param schema  the migrations of the archive
 * @throws AppError `restore_not_empty`; `backup_incompatible` when the database has later migrations; as
 *   `findPendingMigrations`
 */
export async function assertRestorable(url: string, schema: AppliedMigration[]): Promise<void> {
  await findPendingMigrations(url);
  const sql = connect(url, { max: 1 });
  try {
    await assertEmpty(sql);
    const [table] = await sql<{ exists: boolean }[]>`
      select to_regclass('schema_migrations') is not null as exists`;
    if (!table!.exists) return;
    const applied = (await listAppliedMigrations(sql)).at(-1)?.name ?? "";
    if (applied <= schema.at(-1)!.name) return;
    const reason =
      "an earlier version of Lectern made it, and this database was started with a later one: restore it into a new database";
    throw new AppError("backup_incompatible", { reason });
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Tables that are empty in a new installation. */
const FILLED_BY_USERS = {
  courses: "courses",
  users: "users",
  api_keys: "API keys",
  webhook_endpoints: "webhooks",
};

/** An interrupted first migration has made some of the tables only. @throws AppError `restore_not_empty` */
async function assertEmpty(sql: Sql): Promise<void> {
  for (const [table, found] of Object.entries(FILLED_BY_USERS)) {
    const [known] = await sql<{ exists: boolean }[]>`
      select to_regclass(${table}) is not null as exists`;
    if (!known!.exists) continue;
    const rows = await sql`select from ${sql(table)} limit 1`;
    if (rows.length > 0) throw new AppError("restore_not_empty", { found });
  }
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
