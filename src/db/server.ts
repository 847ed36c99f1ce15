import { join } from "node:path";
import type { Config } from "../config";
import { AppError } from "../errors";
import type { Log } from "../log";
import { connect, type Sql } from "./client";

export type ServerProperties = {
  /** 17 for PostgreSQL 17.x. */
  release: number;
  /** The version of pgvector that can be installed there; null without its package. */
  vector: string | null;
  encoding: string;
  /** A standby accepts neither changes nor LISTEN. */
  is_standby: boolean;
};

/** A database whose rows do not change while they are read, or that others can use at the same time. */
export type DatabaseCopy = { url: string; close(): Promise<void> };

export type DatabaseServer = {
  /** For pools. It can lead to a pooler in transaction mode. */
  url: string;
  /** PostgreSQL itself, for notifications, migrations and commands: the same address without a pooler. */
  directUrl: string;
  engine: "embedded" | "postgresql";
  /** For long reads: PostgreSQL itself, or a copy of the embedded database, which has one session for all. */
  openCopy(): Promise<DatabaseCopy>;
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
  {
    DATABASE_URL,
    DATABASE_DIRECT_URL,
    DATA_ROOT,
  }: Pick<Config, "DATABASE_URL" | "DATA_ROOT"> & Partial<Pick<Config, "DATABASE_DIRECT_URL">>,
  log?: Log,
  embedded: { idleLimitSeconds?: number } = {},
): Promise<DatabaseServer> {
  if (!DATABASE_URL) {
    const { startEmbeddedDatabase } = await import("./embedded/start");
    const database = await startEmbeddedDatabase(
      { dataDir: join(DATA_ROOT, "db"), ...embedded },
      log,
    );
    return { ...database, directUrl: database.url, engine: "embedded" };
  }
  await checkServer(DATABASE_URL);
  const directUrl = DATABASE_DIRECT_URL ?? DATABASE_URL;
  if (DATABASE_DIRECT_URL) await checkServer(DATABASE_DIRECT_URL, "DATABASE_DIRECT_URL");
  await refusePooler(directUrl, DATABASE_DIRECT_URL ? "DATABASE_DIRECT_URL" : "DATABASE_URL");
  return {
    ...openServerDatabase(directUrl),
    url: DATABASE_URL,
    directUrl,
    failed: new Promise(() => {}),
    close: async () => {},
  };
}

/** PostgreSQL, as the source of a backup. */
export const openServerDatabase = (
  url: string,
): Pick<DatabaseServer, "url" | "engine" | "openCopy"> => ({
  url,
  engine: "postgresql",
  openCopy: async () => ({ url, close: async () => {} }),
});

async function readServer(sql: Sql): Promise<ServerProperties> {
  const [server] = await sql<ServerProperties[]>`
    select current_setting('server_version_num')::int / 10000 as release,
           (select default_version from pg_available_extensions where name = 'vector') as vector,
           current_setting('server_encoding') as encoding,
           pg_is_in_recovery() as is_standby`;
  return server!;
}

const OLDEST_RELEASE = 15;
/** Other encodings cannot store all characters of a lecture. */
const UTF8 = "make a database with: create database lectern encoding 'UTF8' template template0";

type DatabaseSetting = "DATABASE_URL" | "DATABASE_DIRECT_URL";

/**
 * Checks release, pgvector, encoding and role of a server before migrations change it.
 *
 * @param setting  the setting of the address, for errors
 * @throws AppError `config_invalid` with what to change
 */
export async function checkServer(
  url: string,
  setting: DatabaseSetting = "DATABASE_URL",
): Promise<ServerProperties> {
  const unusable = (problem: string) => invalid(setting, problem);
  const sql = connect(url, { max: 1, isPooled: true });
  try {
    const server = await readServer(sql);
    if (server.release < OLDEST_RELEASE) {
      throw unusable(`PostgreSQL ${server.release}: ${OLDEST_RELEASE} or newer is needed`);
    }
    if (!server.vector) throw unusable("the server has no pgvector: install its package");
    if (server.encoding !== "UTF8") throw unusable(`is in ${server.encoding}: ${UTF8}`);
    if (server.is_standby)
      throw unusable("leads to a standby, which is read-only: name the primary");
    return server;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { message } = error as Error;
    throw unusable(`does not answer: ${message}: check host, port, user, password and database`);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const invalid = (setting: DatabaseSetting, problem: string) =>
  new AppError("config_invalid", { problems: { [setting]: [problem] } });

/**
 * Refuses a pooler that gives each transaction another connection, because it delivers no notifications.
 *
 * @throws AppError `config_invalid` with what to set
 */
async function refusePooler(url: string, setting: DatabaseSetting): Promise<void> {
  if (await deliversNotifications(url)) return;
  const problem =
    "leads to a pooler in transaction mode, such as PgBouncer, which delivers no notifications: set " +
    (setting === "DATABASE_URL"
      ? "DATABASE_DIRECT_URL to the address of PostgreSQL itself, or use session mode"
      : "it to the address of PostgreSQL itself");
  throw invalid(setting, problem);
}

/** A server delivers within milliseconds; a pooler in transaction mode never does. */
const NOTIFICATION_LIMIT_MS = 5_000;

/** Whether a client that listens receives the notification of another one. */
export async function deliversNotifications(url: string): Promise<boolean> {
  const sql = connect(url, { max: 1, isPooled: true });
  const channel = `lectern_probe_${crypto.randomUUID()}`;
  const received = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => received.resolve(false), NOTIFICATION_LIMIT_MS);
  try {
    await sql.listen(channel, () => received.resolve(true));
    await sql.notify(channel, "");
    return await received.promise;
  } finally {
    clearTimeout(timer);
    await sql.end({ timeout: 1 });
  }
}
