import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Config, flyAppName, loadConfig } from "../config";
import { assertMigratable, findPendingMigrations, listMigrations, migrate } from "../db/migrate";
import { openDatabaseServer } from "../db/server";
import { AppError } from "../errors";
import { runMain } from "./run-main";

/**
 * `./lectern migrate`: brings the database to the schema of this version, for the release command of a
 * deployment. `--dry-run` only lists what it would apply. A start of the server does the same.
 */
async function main(): Promise<void> {
  const isDryRun = readOptions();
  const config = loadConfig();
  if (!config.DATABASE_URL && flyAppName()) throw noVolume();
  const names = await (isDryRun ? findPending(config) : applyAll(config));
  for (const name of names) console.log(`${isDryRun ? "would apply" : "applied"}  ${name}`);
  if (names.length === 0) console.log("The database has the schema of this version.");
}

async function applyAll(config: Config): Promise<string[]> {
  const database = await openDatabaseServer(config);
  try {
    return await migrate(database.directUrl);
  } finally {
    await database.close();
  }
}

/** Opening an embedded database that does not exist would make it. */
async function findPending(config: Config): Promise<string[]> {
  if (!config.DATABASE_URL && !existsSync(join(config.DATA_ROOT, "db"))) {
    return (await listMigrations()).map(({ name }) => name);
  }
  const database = await openDatabaseServer(config);
  try {
    await assertMigratable(database.directUrl);
    return await findPendingMigrations(database.directUrl);
  } finally {
    await database.close();
  }
}

/** Fly.io runs a release command on a machine without the volume, so an embedded database there is lost. */
function noVolume(): AppError {
  const problem =
    "is unset: create a PostgreSQL and run fly secrets set DATABASE_URL=postgres://…, or accept the risk of " +
    "the embedded database and remove release_command from fly.toml (docs/deploy.md)";
  return new AppError("config_invalid", { problems: { DATABASE_URL: [problem] } });
}

function readOptions(): boolean {
  try {
    const options = { "dry-run": { type: "boolean" } } as const;
    return parseArgs({ args: Bun.argv.slice(2), options }).values["dry-run"] ?? false;
  } catch (cause) {
    const message = "Usage: ./lectern migrate [--dry-run]";
    throw new AppError("config_invalid", { message }, { cause });
  }
}

await runMain(main);
