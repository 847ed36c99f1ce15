import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config";
import { findPendingMigrations, listMigrations } from "../db/migrate";
import { type DatabaseServer, openDatabaseServer } from "../db/server";
import { AppError } from "../errors";

/**
 * Opens the database of an installation for a command that does not migrate it. With a wrong address such a command
 * would otherwise make an empty installation, and a backup of it would replace good ones.
 *
 * @param ofEarlierVersion  whether the schema of an earlier version is accepted
 * @throws AppError `config_invalid` when the settings name no installation, `database_older`; as `openDatabaseServer`
 */
export async function openInstalledDatabase(
  config: Config,
  { ofEarlierVersion = false } = {},
): Promise<DatabaseServer> {
  if (!config.DATABASE_URL && !existsSync(join(config.DATA_ROOT, "db"))) {
    throw nothingInstalled("DATA_ROOT", `${config.DATA_ROOT} has no database`);
  }
  const database = await openDatabaseServer(config);
  try {
    const pending = await findPendingMigrations(database.directUrl);
    if (pending.length === (await listMigrations()).length) {
      throw config.DATABASE_URL
        ? nothingInstalled("DATABASE_URL", "the database is empty")
        : nothingInstalled("DATA_ROOT", `the database in ${config.DATA_ROOT} is empty`);
    }
    if (pending.length > 0 && !ofEarlierVersion) throw new AppError("database_older", { pending });
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function nothingInstalled(setting: "DATABASE_URL" | "DATA_ROOT", fault: string): AppError {
  const problem = `${fault}: correct the setting, or make an installation: ./lectern migrate, or start the server`;
  return new AppError("config_invalid", { problems: { [setting]: [problem] } });
}
