import { type Config, loadConfig } from "../config";
import { connect, type Sql } from "../db/client";
import type { DatabaseServer } from "../db/server";
import { AppError } from "../errors";
import { openInstalledDatabase } from "./installed-database";
import { clientOfLecternUrl, clientOfOwnServer, type ServerClient } from "./running-server";

/** The two ways of a command to an installation. */
type InstallationWays<T> = {
  server(ask: ServerClient): Promise<T>;
  database(db: Sql, config: Config, database: DatabaseServer): Promise<T>;
};

/**
 * Runs a command on the server that LECTERN_URL names; without it, on the database of these settings, or on their
 * server if that has locked the embedded database.
 *
 * @throws AppError as `openInstalledDatabase`, except `database_locked`
 */
export async function useInstallation<T>(
  ways: InstallationWays<T>,
  options: { ofEarlierVersion?: boolean } = {},
): Promise<T> {
  const remote = clientOfLecternUrl();
  if (remote) return ways.server(remote);
  const config = loadConfig();
  const database = await openInstalledDatabase(config, options).catch((error: unknown) => {
    const isLocked = error instanceof AppError && error.errorCode === "database_locked";
    if (!isLocked) throw error;
    return null;
  });
  if (!database) return ways.server(clientOfOwnServer(config));
  return closeAfter(database, 1, (db) => ways.database(db, config, database));
}

/**
 * Runs `use` with connections to the database of these settings, and closes it.
 *
 * @throws AppError as `openInstalledDatabase`
 */
export async function useInstalledDatabase<T>(
  config: Config,
  connections: number,
  use: (db: Sql) => Promise<T>,
): Promise<T> {
  return closeAfter(await openInstalledDatabase(config), connections, use);
}

async function closeAfter<T>(
  database: DatabaseServer,
  connections: number,
  use: (db: Sql) => Promise<T>,
): Promise<T> {
  const db = connect(database.directUrl, { max: connections });
  try {
    return await use(db);
  } finally {
    await db.end({ timeout: 1 });
    await database.close();
  }
}
