import { join } from "node:path";
import type { Config } from "../config";
import { AppError } from "../errors";
import { connect, type Sql } from "./client";
import { startEmbeddedDatabase } from "./embedded/start";

export type DatabaseServer = {
  /** 17 for PostgreSQL 17.x. */
  release: number;
  /** The version of pgvector that can be had there; null without its package. */
  vector: string | null;
  encoding: string;
};

/** The database of the settings for a command of its own: the embedded one must not be in use by a server. */
export async function openDatabaseServer({
  DATABASE_URL,
  DATA_ROOT,
}: Pick<Config, "DATABASE_URL" | "DATA_ROOT">): Promise<{ url: string; close(): Promise<void> }> {
  if (DATABASE_URL) return { url: DATABASE_URL, close: async () => {} };
  return startEmbeddedDatabase({ dataDir: join(DATA_ROOT, "db") });
}

/** What a database server is, before anything is migrated there. */
async function readServer(sql: Sql): Promise<DatabaseServer> {
  const [server] = await sql<DatabaseServer[]>`
    select current_setting('server_version_num')::int / 10000 as release,
           (select default_version from pg_available_extensions where name = 'vector') as vector,
           current_setting('server_encoding') as encoding`;
  return server!;
}

const OLDEST_RELEASE = 15;
/** Others cannot hold what a lecture may say. */
const UTF8 = "make a database with: create database lectern encoding 'UTF8' template template0";

/**
 * Looks at the server behind `DATABASE_URL` before anything is changed there.
 *
 * @throws AppError `config_invalid`, which says what to change
 */
export async function checkServer(url: string): Promise<DatabaseServer> {
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

/** Has the database been migrated at all? */
export async function isMigrated(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ migrated: boolean }[]>`
    select to_regclass('inactive_embeddings') is not null as migrated`;
  return row!.migrated;
}
