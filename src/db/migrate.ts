import { createHash } from "node:crypto";
import { join } from "node:path";
import { Glob } from "bun";
import type { TransactionSql } from "postgres";
import { AppError } from "../errors";
import { connect, isDatabaseOutage, type Sql } from "./client";

const FOLDER = join(import.meta.dir, "../../sql");
/** The advisory lock of all migrations: a second process waits for the first. */
const LOCK = 7_305_842;

export type AppliedMigration = { name: string; sha256: string };
type Migration = AppliedMigration & { text: string };

type MigrateOptions = {
  /** The last file to apply, to load rows of that schema; default: the newest one. */
  last?: string;
  /** The folder of the migrations; default `sql/`. */
  folder?: string;
  /** Longest wait for a lock, in milliseconds: a migration that waits blocks all later statements on its table. */
  lockMs?: number;
  /** Tries of a migration that does not get its locks, with a pause of `lockMs` between them. */
  tries?: number;
};

/**
 * Migrates a database to the schema of this version and returns the names of the applied files.
 *
 * Each file of `sql/` runs once, in order, in its own transaction, so an interrupted start continues where
 * it stopped. Several processes can call it at once, also beside running processes of the previous version.
 *
 * @throws AppError `migration_changed` when an applied file has changed since, `database_newer` when a newer
 *   version has migrated the database, `database_foreign` when it has tables of another program with our names,
 *   `config_invalid` when the database user lacks a right,
 *   `database_unavailable`, also when a transaction of another program blocks a migration
 */
export async function migrate(
  url: string,
  { last, folder = FOLDER, lockMs = 5_000, tries = 12 }: MigrateOptions = {},
): Promise<string[]> {
  const sql = connect(url, { max: 1 });
  try {
    const migrations = await readMigrations(folder);
    const known = await findApplied(sql);
    assertApplicable(migrations, known);
    const missing = migrations.filter(({ name }) => !known.has(name) && !(last && name > last));
    await setPlanner(sql);
    if (missing.length === 0) return []; // most starts: 20 transactions less
    await sql`
      create table if not exists schema_migrations (
        name text primary key, sha256 text not null, applied_at timestamptz not null default now()
      )`.catch(ignoreRace);
    await installPgmq(sql);
    const applied: string[] = [];
    for (const migration of missing) {
      if (await applyWithRetries(sql, migration, lockMs, tries)) applied.push(migration.name);
    }
    return applied;
  } catch (error) {
    throw toMigrationError(error);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * The statement of search is long: compiling it takes seconds, and planning it takes a third of a search in a small course.
 * So nothing is compiled, and the plan of a statement is kept from its first run on, whatever the values (ADR 56). These
 * are settings of the user in this database, because PgBouncer passes no others. Each start checks them: a copy of the database
 * does not have them, and neither does another user. The embedded database does not read them.
 */
async function setPlanner(sql: Sql): Promise<void> {
  await sql.unsafe(`
    do $$ begin
      if current_setting('jit')::boolean or current_setting('plan_cache_mode') <> 'force_generic_plan' then
        perform pg_advisory_xact_lock(${LOCK});
        execute format('alter role %I in database %I set jit = off', current_user, current_database());
        execute format('alter role %I in database %I set plan_cache_mode = force_generic_plan', current_user, current_database());
      end if;
    end $$`);
}

/**
 * The names of the files that `migrate` would apply. Changes nothing.
 *
 * @throws AppError as `migrate`
 */
export async function findPendingMigrations(url: string, folder = FOLDER): Promise<string[]> {
  const sql = connect(url, { max: 1 });
  try {
    const migrations = await readMigrations(folder);
    const applied = await findApplied(sql);
    assertApplicable(migrations, applied);
    return migrations.map(({ name }) => name).filter((name) => !applied.has(name));
  } catch (error) {
    throw toMigrationError(error);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * The checksums of the applied files by their name; empty for a new database.
 *
 * @throws AppError `database_foreign`
 */
async function findApplied(sql: Sql): Promise<Map<string, string>> {
  // Other programs have a table of this name too, with other columns.
  const [table] = await sql<{ exists: boolean; is_ours: boolean }[]>`
    select to_regclass('schema_migrations') is not null as exists,
           count(*) = 2 as is_ours
    from pg_attribute
    where attrelid = to_regclass('schema_migrations') and attname in ('name', 'sha256') and not attisdropped`;
  if (table!.exists && !table!.is_ours) throw foreign(["schema_migrations"]);
  const applied = table!.exists ? await listAppliedMigrations(sql) : [];
  if (applied.length === 0) await assertNoOwnTables(sql);
  return new Map(applied.map(({ name, sha256 }) => [name, sha256]));
}

/**
 * A migration that meets a table of another program fails, and the migrations before it have left their tables there.
 *
 * @throws AppError `database_foreign`
 */
async function assertNoOwnTables(sql: Sql): Promise<void> {
  const names = await listOwnTables();
  const found = await sql<{ name: string }[]>`
    select name from unnest(${names}::text[]) name where to_regclass(quote_ident(name)) is not null order by name`;
  if (found.length > 0) throw foreign(found.map(({ name }) => name));
}

function foreign(tables: string[]): AppError {
  const advice = "Set DATABASE_URL to an empty database. Nothing was changed in this one";
  return new AppError("database_foreign", { tables, advice });
}

/** @throws AppError `database_newer`, `migration_changed` */
function assertApplicable(migrations: Migration[], applied: Map<string, string>): void {
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = [...applied.keys()].filter((name) => !known.has(name)).sort();
  if (unknown.length > 0) {
    const advice =
      "Start the version of Lectern that migrated it, or a newer one. To go back to this version, restore a " +
      "backup that was made before the upgrade (docs/upgrade.md)";
    throw new AppError("database_newer", { unknown, advice });
  }
  for (const { name, sha256 } of migrations) {
    if (applied.has(name) && applied.get(name) !== sha256) throw changed(name);
  }
}

/** SHA-256 of all migrations: databases with the same fingerprint have the same schema. */
export async function schemaFingerprint(): Promise<string> {
  const hash = createHash("sha256");
  for (const { name, sha256 } of await readMigrations(FOLDER)) hash.update(`${name} ${sha256}\n`);
  return hash.digest("hex");
}

/** The migrations of a database, in their order. */
export async function listAppliedMigrations(sql: Sql): Promise<AppliedMigration[]> {
  return sql<AppliedMigration[]>`select name, sha256 from schema_migrations order by name`;
}

/** The migrations of this version, in their order. */
export async function listMigrations(): Promise<AppliedMigration[]> {
  return (await readMigrations(FOLDER)).map(({ name, sha256 }) => ({ name, sha256 }));
}

/** The tables in the schema `public` that the migrations of this version make. */
export async function listOwnTables(): Promise<string[]> {
  const migrations = await readMigrations(FOLDER);
  return migrations.flatMap(({ text }) =>
    Array.from(text.matchAll(/^create table (\w+)/gm), ([, name]) => name!),
  );
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = await Array.fromAsync(new Glob("[0-9]*.sql").scan(folder));
  return Promise.all(
    names.sort().map(async (name) => {
      const text = await Bun.file(join(folder, name)).text();
      return { name, sha256: createHash("sha256").update(text).digest("hex"), text };
    }),
  );
}

/** PostgreSQL's `lock_not_available`: another transaction holds the lock for longer than `lock_timeout`. */
const LOCKED = "55P03";

/** Between two tries the statements of running processes go on. */
async function applyWithRetries(
  sql: Sql,
  migration: Migration,
  lockMs: number,
  tries: number,
): Promise<boolean> {
  for (let left = tries; ; left -= 1) {
    try {
      return await apply(sql, migration, lockMs);
    } catch (error) {
      if ((error as { code?: string }).code !== LOCKED) throw error;
      if (left <= 1) throw blocked(migration.name, error);
      await Bun.sleep(lockMs);
    }
  }
}

function blocked(name: string, cause: unknown): AppError {
  const advice =
    `A transaction of another program blocks the migration ${name}: end it (select * from pg_stat_activity ` +
    "order by xact_start), then start again";
  return new AppError("database_unavailable", { advice }, { cause });
}

function apply(sql: Sql, { name, sha256, text }: Migration, lockMs: number): Promise<boolean> {
  return sql.begin(async (transaction) => {
    // Other processes wait here for a whole migration, so this wait has no limit, also not that of the server.
    await transaction`select set_config('statement_timeout', '0', true)`;
    await transaction`select pg_advisory_xact_lock(${LOCK})`;
    await transaction`select set_config('lock_timeout', ${`${lockMs}ms`}, true)`;
    const [known] = await transaction<{ sha256: string }[]>`
      select sha256 from schema_migrations where name = ${name}`;
    if (known && known.sha256 !== sha256) throw changed(name);
    if (known) return false;
    await transaction.unsafe(text);
    await transaction`insert into schema_migrations (name, sha256) values (${name}, ${sha256})`;
    return true;
  });
}

function changed(name: string): AppError {
  const advice =
    "Start the version of Lectern that made this database, or start with an empty one if its data can " +
    `be lost. If you changed sql/${name}: restore it, and put the change into a new file`;
  return new AppError("migration_changed", { name, advice });
}

/** Insufficient rights, and a read-only server such as a standby. */
const REFUSED = new Set(["42501", "25006"]);
const RIGHTS =
  "as its superuser, run once in this database: create extension if not exists vector; " +
  "grant create on database … to …; grant create on schema public to …";

function toMigrationError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (isDatabaseOutage(error)) {
    const advice = "Start again when it answers: what was migrated so far stays";
    return new AppError("database_unavailable", { advice }, { cause: error });
  }
  const { code, message } = error as { code?: string; message: string };
  if (!REFUSED.has(code ?? "")) return error;
  return unusable(code === "42501" ? `${message}: ${RIGHTS}` : `${message}: name the primary`);
}

/**
 * Finds out, without a change, whether `migrate` can work in a database: one that is read-only or has an older pgmq
 * also stops a start that has nothing to migrate. The rights of the user are known of an empty database only.
 *
 * @throws AppError `config_invalid`, `database_unavailable`
 */
export async function assertMigratable(url: string): Promise<void> {
  const sql = connect(url, { max: 1 });
  try {
    await assertWritable(sql);
    const { is_installed, is_recent } = await readPgmq(sql);
    if (is_installed && !is_recent) throw oldPgmq();
  } catch (error) {
    throw toMigrationError(error);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function assertWritable(sql: Sql): Promise<void> {
  const [state] = await sql<{ is_read_only: boolean; can_create: boolean; is_empty: boolean }[]>`
    select current_setting('transaction_read_only')::boolean as is_read_only,
           has_database_privilege(current_database(), 'create')
             and has_schema_privilege('public', 'create') as can_create,
           to_regclass('schema_migrations') is null as is_empty`;
  const { is_read_only, can_create, is_empty } = state!;
  if (is_read_only) throw unusable("is read-only: name the primary");
  if (is_empty && !can_create) throw unusable(`does not let this user make tables: ${RIGHTS}`);
}

const unusable = (problem: string) =>
  new AppError("config_invalid", { problems: { DATABASE_URL: [problem] } });

/** The first version whose queues have the column `last_read_at`, which claims set. */
const PGMQ = "1.10.0";

type PgmqState = { is_installed: boolean; is_recent: boolean; offered: string | null };

async function readPgmq(sql: Sql | TransactionSql): Promise<PgmqState> {
  const [state] = await sql<PgmqState[]>`
    select to_regclass('pgmq.meta') is not null as is_installed,
           exists (select from pg_attribute where attrelid = to_regclass('pgmq.message_record')
                   and attname = 'last_read_at') as is_recent,
           (select default_version from pg_available_extensions where name = 'pgmq') as offered`;
  return state!;
}

/**
 * Installs pgmq as an extension if the server offers a recent one, else from the SQL of the npm package.
 *
 * @throws AppError `config_invalid` when the database has an older pgmq
 */
async function installPgmq(sql: Sql): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${LOCK})`;
    const { is_installed, is_recent, offered } = await readPgmq(transaction);
    if (is_recent) return;
    if (is_installed) throw oldPgmq();
    if (offered && Bun.semver.satisfies(offered, `>=${PGMQ}`)) {
      await transaction`create extension pgmq`;
    } else await transaction.unsafe(await pgmqSql());
  });
}

/** With an older pgmq the server would start, and no job would begin. */
function oldPgmq(): AppError {
  const problem =
    `its pgmq is older than ${PGMQ}: run alter extension pgmq update as its superuser, or use a database ` +
    "without pgmq, where Lectern installs its own";
  return unusable(problem);
}

async function pgmqSql(): Promise<string> {
  const entry = Bun.resolveSync("@electric-sql/pglite-pgmq", import.meta.dir);
  const archive = new Bun.Archive(await Bun.file(join(entry, "../pgmq.tar.gz")).bytes());
  const files = await archive.files();
  const control = await files
    .get([...files.keys()].find((path) => path.endsWith("/pgmq.control"))!)!
    .text();
  const version = /default_version = '([^']+)'/.exec(control)![1];
  const install = [...files.keys()].find((path) => path.endsWith(`/pgmq--${version}.sql`))!;
  return files.get(install)!.text();
}

/** `create table if not exists` can still fail when another process creates the table at the same time. */
function ignoreRace(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "23505")) throw error;
}
