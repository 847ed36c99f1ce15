import { parseArgs } from "node:util";
import { loadConfig } from "../config";
import { openDatabaseServer } from "../db/server";
import { openLog } from "../log";
import { summarize } from "../pipelines/backup/create";
import { restoreBackup } from "../pipelines/backup/restore";
import { openStorage } from "../services";
import { openDataRoot } from "../storage/data-root";
import { AUDIO_FILES, DOCUMENT_FILES } from "../storage/files";
import { findArchive } from "./archive-address";
import { exitWithUsage, runMain } from "./run-main";
import { openStopSignal } from "./stop-signal";

/** `./lectern restore ARCHIVE`: fills an empty installation with a backup. Stop its servers first. */
const USAGE = `Usage: ./lectern restore ARCHIVE|latest
ARCHIVE is a file, or s3://BUCKET/…/NAME. latest: the newest archive in BACKUP_TO.
The settings name the new installation: DATABASE_URL (unset: the embedded database), DATA_ROOT and STORAGE.`;

/** The embedded database ends transactions of silent clients, and large files make the command silent. */
const IDLE_LIMIT_SECONDS = 3_600;

async function main(args: string[]): Promise<void> {
  const address = readAddress(args);
  const config = loadConfig();
  const signal = openStopSignal();
  const archive = await findArchive(config, address);
  await openDataRoot(config.DATA_ROOT);
  const database = await openDatabaseServer(config, undefined, {
    idleLimitSeconds: IDLE_LIMIT_SECONDS,
  });
  try {
    const { header, manifest } = await restoreBackup(
      {
        databaseUrl: database.directUrl,
        storage: await openStorage(config, DOCUMENT_FILES),
        uploadedAudio: await openStorage(config, AUDIO_FILES),
        dataRoot: config.DATA_ROOT,
        log: openLog(config.LOG_LEVEL, { name: "restore" }),
      },
      archive.open,
      signal,
    );
    const { rows, files } = summarize(manifest);
    console.log(`Restored ${archive.label} of ${header.created_at}: ${rows} rows, ${files} files.`);
    console.log("The queue is on hold. Check the data, then continue: ./lectern jobs resume");
  } finally {
    await database.close();
  }
}

function readAddress(args: string[]): string {
  try {
    const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
    const [address] = positionals;
    if (!address || positionals.length > 1) throw new Error("Name one archive");
    return address;
  } catch (error) {
    exitWithUsage(error, USAGE);
  }
}

await runMain(main);
