import { createHash } from "node:crypto";
import { join } from "node:path";
import { Glob } from "bun";
import { AppError } from "../errors";
import { connect, isDatabaseOutage, type Sql } from "./client";

const FOLDER = join(import.meta.dir, "../../sql");
/** The advisory lock of all migrations: a second process waits for the first. */
const LOCK = 7_305_842;

export type AppliedMigration = { name: string; sha256: string };
type Migration = AppliedMigration & { text: string };

/**
 * Migrates a database to the schema of this version and returns the names of the applied files.
 *
 * Each file of `sql/` runs once, in order, in its own transaction, so an interrupted start continues where
 * it stopped. Several processes can call it at once.
 *
 * @param last  the last file to apply, to load rows of that schema; the newest one by default
 * @throws AppError `migration_changed` when an applied file has changed since, `config_invalid` when the
 *   database user lacks a right, `database_unavailable`
 */
export async function migrate(url: string, last?: string): Promise<string[]> {
  const sql = connect(url, { max: 1 });
  try {
    await sql`
      create table if not exists schema_migrations (
        name text primary key, sha256 text not null, applied_at timestamptz not null default now()
      )`.catch(ignoreRace);
    await installPgmq(sql);
    const applied: string[] = [];
    for (const migration of await readMigrations()) {
      if (last && migration.name > last) break;
      if (await apply(sql, migration)) applied.push(migration.name);
    }
    return applied;
  } catch (error) {
    throw toMigrationError(error);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** SHA-256 of all migrations: databases with the same fingerprint have the same schema. */
export async function schemaFingerprint(): Promise<string> {
  const hash = createHash("sha256");
  for (const { name, sha256 } of await readMigrations()) hash.update(`${name} ${sha256}\n`);
  return hash.digest("hex");
}

/** The migrations of a database, in their order. */
export async function listAppliedMigrations(sql: Sql): Promise<AppliedMigration[]> {
  return sql<AppliedMigration[]>`select name, sha256 from schema_migrations order by name`;
}

/** The migrations of this version, in their order. */
export async function listMigrations(): Promise<AppliedMigration[]> {
  return (await readMigrations()).map(({ name, sha256 }) => ({ name, sha256 }));
}

async function readMigrations(): Promise<Migration[]> {
  const names = await Array.fromAsync(new Glob("[0-9]*.sql").scan(FOLDER));
  return Promise.all(
    names.sort().map(async (name) => {
      const text = await Bun.file(join(FOLDER, name)).text();
      return { name, sha256: createHash("sha256").update(text).digest("hex"), text };
    }),
  );
}

function apply(sql: Sql, { name, sha256, text }: Migration): Promise<boolean> {
  return sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${LOCK})`;
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
  if (isDatabaseOutage(error)) {
    const advice = "Start again when it answers: what was migrated so far stays";
    return new AppError("database_unavailable", { advice }, { cause: error });
  }
  const { code, message } = error as { code?: string; message: string };
  if (!REFUSED.has(code ?? "")) return error;
  const problem = code === "42501" ? `${message}: ${RIGHTS}` : `${message}: name the primary`;
  return new AppError("config_invalid", { problems: { DATABASE_URL: [problem] } });
}

/** Installs pgmq as an extension if the server offers it, else from the SQL of the npm package. */
async function installPgmq(sql: Sql): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${LOCK})`;
    const [{ installed, offered } = { installed: false, offered: false }] = await transaction<
      { installed: boolean; offered: boolean }[]
    >`
      select to_regprocedure('pgmq.read(text,integer,integer,jsonb)') is not null as installed,
             exists (select from pg_available_extensions where name = 'pgmq') as offered`;
    if (installed) return;
    if (offered) await transaction`create extension pgmq`;
    else await transaction.unsafe(await pgmqSql());
  });
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
