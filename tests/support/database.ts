import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { connect, type Sql } from "../../src/db/client";
import { startEmbeddedDatabase } from "../../src/db/embedded/start";
import { migrate, schemaFingerprint } from "../../src/db/migrate";
import { cloneNative } from "./native-database";

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
  await removeOutdated(cache);
}

/** Every change of the schema leaves 45 MB behind. */
async function removeOutdated(cache: string): Promise<void> {
  const yesterday = Date.now() - 24 * 3_600_000;
  for await (const path of new Glob("embedded-*").scan({ cwd: cache, absolute: true })) {
    if (Bun.file(path).lastModified < yesterday) await rm(path, { force: true });
  }
}
