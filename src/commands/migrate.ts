import { parseArgs } from "node:util";
import { flyAppName, loadConfig } from "../config";
import { findPendingMigrations, migrate } from "../db/migrate";
import { openDatabaseServer } from "../db/server";
import { AppError, explain } from "../errors";

/**
 * `./lectern migrate`: brings the database to the schema of this version, for the release command of a
 * deployment. `--dry-run` only lists what it would apply. A start of the server does the same.
 */
async function main(): Promise<void> {
  const isDryRun = readOptions();
  const config = loadConfig();
  if (!config.DATABASE_URL && flyAppName()) throw noVolume();
  const database = await openDatabaseServer(config);
  try {
    const names = await (isDryRun ? findPendingMigrations(database.url) : migrate(database.url));
    for (const name of names) console.log(`${isDryRun ? "would apply" : "applied"}  ${name}`);
    if (names.length === 0) console.log("The database has the schema of this version.");
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

try {
  await main();
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
