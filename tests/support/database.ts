import { afterAll } from "bun:test";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { connect, type Sql } from "../../src/db/client";
import { startEmbeddedDatabase } from "../../src/db/embedded/start";
import { migrate, schemaFingerprint } from "../../src/db/migrate";
import { cloneNative } from "./native-database";

/** The engine of this run. `./lectern test` runs the database tests once on each. */
export const engine = process.env.TEST_ENGINE === "native" ? "native" : "embedded";

export type TestDatabase = {
  url: string;
  /** Ends the database with its connections and removes its files. */
  close(): Promise<void>;
};

/**
 * A pool to a fresh, migrated database for the tests of one file, removed after the last of them.
 * Call it at the top level of the test file: `const db = await withDatabase();`.
 *
 * Hooks run in the order of their registration, so a later `afterAll` finds the database closed.
 */
export async function withDatabase(): Promise<Sql> {
  const db = await migratedDatabase();
  afterAll(() => db.end());
  return db;
}

/** The same for a single test, which calls `end()` itself; that also removes the database. */
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

/** The address of such a database, for code that connects by itself, such as a whole server. */
export function databaseUrl(): Promise<TestDatabase> {
  return engine === "native" ? cloneNative() : startFromSnapshot();
}

async function startFromSnapshot(): Promise<TestDatabase> {
  return startEmbeddedDatabase({ dataDir: null, from: Bun.file(await embeddedSnapshot()) });
}

/**
 * A tar file with the folder of a migrated embedded database. A copy of it starts in 0.5 s; an empty
 * database needs 5 s for its migrations.
 */
export async function embeddedSnapshot(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "lectern");
  const snapshot = join(cache, `embedded-${(await schemaFingerprint()).slice(0, 12)}.tar`);
  if (!(await Bun.file(snapshot).exists())) await makeSnapshot(cache, snapshot);
  return snapshot;
}

async function makeSnapshot(cache: string, path: string): Promise<void> {
  const database = await startEmbeddedDatabase({ dataDir: null });
  await migrate(database.url);
  const unfinished = `${path}.${process.pid}`;
  await mkdir(cache, { recursive: true });
  await Bun.write(unfinished, await database.snapshot());
  await database.close();
  await rename(unfinished, path); // atomic: a test that starts now reads a complete file or none
  await removeOutdated(cache);
}

/** Each version of the schema leaves a snapshot of 45 MB. */
async function removeOutdated(cache: string): Promise<void> {
  const yesterday = Date.now() - 24 * 3_600_000;
  for await (const path of new Glob("embedded-*").scan({ cwd: cache, absolute: true })) {
    if (Bun.file(path).lastModified < yesterday) await rm(path, { force: true });
  }
}
