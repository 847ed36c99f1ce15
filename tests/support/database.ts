import { randomBytes } from "node:crypto";
import { mkdir, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { connect, type Sql } from "../../src/db/client";
import { startEmbeddedDatabase } from "../../src/db/embedded/start";
import { migrate, schemaFingerprint } from "../../src/db/migrate";

/** What the database tests of this run talk to. `./lectern test` runs them once on each. */
export const engine = process.env.TEST_ENGINE === "native" ? "native" : "embedded";

export type TestDatabase = {
  url: string;
  /** Ends the database and whatever still uses it, and leaves nothing behind. */
  close(): Promise<void>;
};

/** A pool to a fresh, migrated database of its own; `end()` also removes the database. */
export async function migratedDatabase(): Promise<Sql> {
  const { url, close } = await databaseUrl();
  const sql = connect(url, { max: 10 });
  const endPool = sql.end;
  return Object.assign(sql, {
    end: async () => {
      await endPool({ timeout: 1 });
      await close();
    },
  });
}

/** The same database for those who connect by themselves, such as a whole server. */
export function databaseUrl(): Promise<TestDatabase> {
  return engine === "native" ? cloneNative() : startFromSnapshot();
}

/** Seconds since 1970 in a name tell what an interrupted run left behind. */
const CLONE = /^lectern_test_(\d+)_/;
const ABANDONED_AFTER_SECONDS = 3_600;
/** One number for all who make templates on a server: the second waits for the first. */
const TEMPLATE_LOCK = 7_305_843;

/** Cloning a template takes 0.05 s, running the migrations 0.3 s. */
async function cloneNative(): Promise<TestDatabase> {
  const server = nativeServer();
  const admin = connect(server, { max: 1 });
  const template = `lectern_template_${(await schemaFingerprint()).slice(0, 12)}`;
  const clone = `lectern_test_${nowSeconds()}_${randomBytes(6).toString("hex")}`;
  try {
    await makeTemplate(admin, server, template);
    await admin`create database ${admin(clone)} template ${admin(template)}`;
  } finally {
    await admin.end();
  }
  return { url: withDatabase(server, clone), close: () => dropNative(server, clone) };
}

async function makeTemplate(admin: Sql, server: string, template: string): Promise<void> {
  const isThere = () => admin`select from pg_database where datname = ${template}`;
  if ((await isThere()).count) return;

  await admin`select pg_advisory_lock(${TEMPLATE_LOCK})`; // ends with the connection
  if ((await isThere()).count) return;
  await dropAbandoned(admin);
  const unfinished = `${template}_unfinished`;
  await admin`drop database if exists ${admin(unfinished)} with (force)`;
  await admin`create database ${admin(unfinished)}`;
  await migrate(withDatabase(server, unfinished));
  await admin`alter database ${admin(unfinished)} rename to ${admin(template)}`;
}

/** Runs once per schema, which is often enough to keep a developer's server small. */
async function dropAbandoned(admin: Sql): Promise<void> {
  const databases = await admin<{ datname: string }[]>`select datname from pg_database`;
  for (const { datname } of databases) {
    const bornSeconds = Number(CLONE.exec(datname)?.[1]);
    if (bornSeconds < nowSeconds() - ABANDONED_AFTER_SECONDS) {
      await admin`drop database if exists ${admin(datname)} with (force)`;
    }
  }
}

async function dropNative(server: string, name: string): Promise<void> {
  const admin = connect(server, { max: 1 });
  await admin`drop database if exists ${admin(name)} with (force)`;
  await admin.end();
}

/** Starts the server when none runs, which takes long only the very first time. */
function nativeServer(): string {
  const start = Bun.spawnSync([join(import.meta.dir, "../../scripts/postgres"), "start"]);
  if (start.exitCode !== 0) throw new Error(start.stderr.toString());
  return start.stdout.toString().trim().split("\n").at(-1)!;
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = name;
  return url.href;
}

/** A copy of a migrated database boots in half a second, an empty one with its migrations in five. */
async function startFromSnapshot(): Promise<TestDatabase> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "lectern");
  const snapshot = join(cache, `embedded-${(await schemaFingerprint()).slice(0, 12)}.tar`);
  if (!(await Bun.file(snapshot).exists())) await makeSnapshot(cache, snapshot);

  return startEmbeddedDatabase({ dataDir: null, from: Bun.file(snapshot) });
}

async function makeSnapshot(cache: string, path: string): Promise<void> {
  const database = await startEmbeddedDatabase({ dataDir: null });
  await migrate(database.url);
  const unfinished = `${path}.${process.pid}`;
  await mkdir(cache, { recursive: true });
  await Bun.write(unfinished, await database.snapshot());
  await database.close();
  await rename(unfinished, path); // whole or not at all, also for those who read it at this moment
}

const nowSeconds = () => Math.floor(Date.now() / 1_000);
