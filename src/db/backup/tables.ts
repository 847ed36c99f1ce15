import type { Sql } from "../client";
import { listOwnTables } from "../migrate";

/** A table with its stored columns; generated columns are computed again. */
export type BackupTable = {
  /** With its schema, such as `public.courses`. */
  name: string;
  columns: string[];
};

/** Tables without data of an installation. */
const LEFT_OUT = [
  // Migrations fill them.
  "public.schema_migrations",
  "public.status_transitions",
  // They describe the running processes.
  "public.worker_processes",
  "public.provider_states",
  "public.exam_turns",
  "public.exam_answers",
  "public.backups",
  "public.queue_hold",
  // Files to remove: an archive does not contain them, and in a shared bucket another installation can need them.
  "public.unclaimed_files",
  "public.unclaimed_audio",
];

/**
 * The tables of a backup: all of Lectern's schema and the messages of its queues, by name. Tables of extensions and
 * of other programs are in neither a backup nor a restore.
 */
export async function listBackupTables(sql: Sql): Promise<BackupTable[]> {
  const tables = await sql<BackupTable[]>`
    select t.name, (
      select array_agg(a.attname::text order by a.attnum) from pg_attribute a
      where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
    from ${candidateTables(sql)} t
    order by t.name`;
  const ours = new Set((await listOwnTables()).map((name) => `public.${name}`));
  return tables.filter(
    ({ name }) => !LEFT_OUT.includes(name) && (ours.has(name) || name.startsWith("pgmq.")),
  );
}

const candidateTables = (sql: Sql) => sql`(
  select c.oid, n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r'
    and (n.nspname = 'public' or n.nspname = 'pgmq' and c.relname ~ '^[qa]_ingest'))`;

/** The next values of all sequences, by name with schema. */
export async function readSequences(sql: Sql): Promise<Record<string, string>> {
  const sequences = await sql<{ name: string; last_value: string | null }[]>`
    select schemaname || '.' || sequencename as name, last_value::text as last_value from pg_sequences
    where schemaname = 'public' or schemaname = 'pgmq' and sequencename ~ '^[qa]_ingest'`;
  // Null: the sequence has not been used.
  return Object.fromEntries(
    sequences.flatMap(({ name, last_value }) => (last_value === null ? [] : [[name, last_value]])),
  );
}

/** The quoted name of a table or sequence, from its name with schema. */
export const quotedName = (name: string) => name.split(".").map(quotedColumn).join(".");

export const quotedColumn = (name: string) => `"${name.replaceAll('"', '""')}"`;

/**
 * Makes the text form of values independent of the settings of a server. The backup can take long, so
 * no limit of the server ends its transaction.
 */
export const FIXED_FORMATS = `
  set local datestyle = 'ISO, MDY';
  set local intervalstyle = 'postgres';
  set local timezone = 'UTC';
  set local bytea_output = 'hex';
  set local extra_float_digits = 1;
  set local statement_timeout = 0;
  set local idle_in_transaction_session_timeout = 0`;
