import { parseArgs } from "node:util";
import { type Config, loadConfig } from "../config";
import { migrate } from "../db/migrate";
import { openDatabaseServer } from "../db/server";
import { AppError, explain } from "../errors";
import { openLog } from "../log";
import { type BackupSummary, createBackup, removeOldBackups } from "../pipelines/backup/create";
import { openBackups, openStorage } from "../services";
import { AUDIO_FILES, DOCUMENT_FILES } from "../storage/files";

/** `./lectern backup`: stores all rows and files as one archive. */
const USAGE = `Usage: ./lectern backup [--to FOLDER|s3://BUCKET/PREFIX] [--keep N] [--json]
       ./lectern backup --list [--to …] [--json]
--to: BACKUP_TO by default. --keep removes all but the newest N archives there; BACKUP_KEEP by default.`;

/** The embedded database ends transactions of silent clients, and a slow bucket makes the command silent. */
const IDLE_LIMIT_SECONDS = 3_600;

async function main(args: string[]): Promise<void> {
  const { to, keep, list, json } = readOptions(args);
  const config = loadConfig();
  const place = openBackups(config, to);
  if (list) {
    const archives = await place.list();
    if (json) console.log(JSON.stringify(archives, null, 2));
    else
      for (const { name, size_bytes } of archives) console.log(`${name}  ${megabytes(size_bytes)}`);
    return;
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => stop.abort(new AppError("cancelled")));
  }
  const summary = await makeBackup(config, (deps) =>
    createBackup(deps, place, new Date(), stop.signal),
  );
  const removed = await removeOldBackups(place, keep ?? config.BACKUP_KEEP);
  if (json) console.log(JSON.stringify({ place: place.label, ...summary, removed }, null, 2));
  else printSummary(place.label, summary, removed);
}

async function makeBackup(
  config: Config,
  create: (deps: Parameters<typeof createBackup>[0]) => Promise<BackupSummary>,
): Promise<BackupSummary> {
  const embedded = { idleLimitSeconds: IDLE_LIMIT_SECONDS };
  const database = await openDatabaseServer(config, undefined, embedded);
  try {
    await migrate(database.directUrl);
    return await create({
      // No other process uses the embedded database now, so it needs no copy.
      openDatabaseCopy: async () => ({ url: database.directUrl, close: async () => {} }),
      engine: config.DATABASE_URL ? "postgresql" : "embedded",
      storage: await openStorage(config, DOCUMENT_FILES),
      uploadedAudio: await openStorage(config, AUDIO_FILES),
      dataRoot: config.DATA_ROOT,
      log: openLog(config.LOG_LEVEL, { name: "backup" }),
    });
  } finally {
    await database.close();
  }
}

function readOptions(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        to: { type: "string" },
        keep: { type: "string" },
        list: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    });
    const keep = values.keep === undefined ? undefined : Number(values.keep);
    if (keep !== undefined && !(Number.isInteger(keep) && keep > 0)) {
      throw new Error("--keep must be a whole number, 1 or more");
    }
    return { ...values, keep };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

function printSummary(place: string, summary: BackupSummary, removed: string[]): void {
  const { archive, size_bytes, rows, files, missing, changed } = summary;
  console.log(`${place}/${archive}: ${megabytes(size_bytes)}, ${rows} rows, ${files} files`);
  if (missing > 0) console.log(`${missing} files are missing in the storage: ./lectern verify`);
  if (changed > 0) console.log(`${changed} PDFs differ from their upload: ./lectern verify`);
  for (const name of removed) console.log(`removed ${name}`);
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

try {
  await main(Bun.argv.slice(2));
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
