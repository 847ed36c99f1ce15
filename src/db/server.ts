import { join } from "node:path";
import type { Config } from "../config";
import { AppError } from "../errors";
import type { Log } from "../log";
import { connect, type Sql } from "./client";
import { startEmbeddedDatabase } from "./embedded/start";

export type ServerProperties = {
  /** 17 for PostgreSQL 17.x. */
  release: number;
  /** The version of pgvector that can be installed there; null without its package. */
  vector: string | null;
  encoding: string;
};

export type DatabaseServer = {
  url: string;
  /** Resolves with the reason if the embedded database dies; stays pending otherwise. */
  failed: Promise<Error>;
  close(): Promise<void>;
};

/**
 * Opens the database of the settings: checks the server behind `DATABASE_URL`, or else starts the embedded
 * database in `DATA_ROOT`.
 *
 * @param embedded  options of the embedded database
 * @throws AppError `config_invalid` for an unusable server, `database_locked` while another process uses
 *   the embedded database, `database_unavailable` when it does not start
 */
export async function openDatabaseServer(
  { DATABASE_URL, DATA_ROOT }: Pick<Config, "DATABASE_URL" | "DATA_ROOT">,
  log?: Log,
  embedded: { idleLimitSeconds?: number } = {},
): Promise<DatabaseServer> {
  if (!DATABASE_URL) {
    return startEmbeddedDatabase({ dataDir: join(DATA_ROOT, "db"), ...embedded }, log);
  }
  await checkServer(DATABASE_URL);
  return { url: DATABASE_URL, failed: new Promise(() => {}), close: async () => {} };
}

async function readServer(sql: Sql): Promise<ServerProperties> {
  const [server] = await sql<ServerProperties[]>`
    select current_setting('server_version_num')::int / 10000 as release,
           (select default_version from pg_available_extensions where name = 'vector') as vector,
           current_setting('server_encoding') as encoding`;
  return server!;
}

const OLDEST_RELEASE = 15;
/** Other encodings cannot store all characters of a lecture. */
const UTF8 = "make a database with: create database lectern encoding 'UTF8' template template0";

/**
 * Checks release, pgvector and encoding of a server before migrations change it.
 *
 * @throws AppError `config_invalid` with what to change
 */
export async function checkServer(url: string): Promise<ServerProperties> {
  const sql = connect(url, { max: 1 });
  try {
    const server = await readServer(sql);
    if (server.release < OLDEST_RELEASE) {
      throw unusable(`PostgreSQL ${server.release}: ${OLDEST_RELEASE} or newer is needed`);
    }
    if (!server.vector) throw unusable("the server has no pgvector: install its package");
    if (server.encoding !== "UTF8") throw unusable(`is in ${server.encoding}: ${UTF8}`);
    return server;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { message } = error as Error;
    throw unusable(`does not answer: ${message}: check host, port, user, password and database`);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const unusable = (problem: string) =>
  new AppError("config_invalid", { problems: { DATABASE_URL: [problem] } });

/** True if the database has the whole schema. */
export async function isMigrated(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ migrated: boolean }[]>`
    select to_regclass('provider_states') is not null as migrated`;
  return row!.migrated;
}
