import { parseArgs } from "node:util";
import { loadConfig } from "../config";
import { findPendingMigrations, migrate } from "../db/migrate";
import { openDatabaseServer } from "../db/server";
import { AppError, explain } from "../errors";

/**
 * `./lectern migrate`: brings the database to the schema of this version, for the release command of a
 * deployment. `--dry-run` only lists what it would apply. A start of the server does the same.
 */
async function main(): Promise<void> {
  const isDryRun = readOptions();
  const database = await openDatabaseServer(loadConfig());
  try {
    const names = await (isDryRun ? findPendingMigrations(database.url) : migrate(database.url));
    for (const name of names) console.log(`${isDryRun ? "would apply" : "applied"}  ${name}`);
    if (names.length === 0) console.log("The database has the schema of this version.");
  } finally {
    await database.close();
  }
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
