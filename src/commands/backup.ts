import { parseArgs } from "node:util";
import { type Config, fromCallerFolder, loadConfig } from "../config";
import { type BackupRecord, getBackup } from "../db/backup/backups";
import type { Sql } from "../db/client";
import type { DatabaseServer } from "../db/server";
import { AppError } from "../errors";
import { openLog } from "../log";
import { type BackupRunDeps, startBackup } from "../pipelines/backup/run";
import { openBackups, openStorage } from "../services";
import type { StoredBackup } from "../storage/backup-place";
import { AUDIO_FILES, DOCUMENT_FILES } from "../storage/files";
import { useInstallation } from "./installation";
import { exitWithUsage, runMain } from "./run-main";
import type { ServerClient } from "./running-server";
import { openStopSignal } from "./stop-signal";

/** `./lectern backup`: stores all rows and files as one archive. */
const USAGE = `Usage: ./lectern backup [--to FOLDER|s3://BUCKET/PREFIX] [--keep N] [--json]
       ./lectern backup --list [--to …] [--json]
The exit code is 1 if the archive is stored without some of its files.
--to: BACKUP_TO by default. --keep removes all but the newest N archives there; BACKUP_KEEP by default.
LECTERN_URL and LECTERN_API_KEY choose a running server and its key; unset: the database of these settings.`;

async function main(args: string[]): Promise<void> {
  const { to, keep, list, json } = readOptions(args);
  const config = loadConfig();
  const place = openBackups(config, to);
  if (list) return printArchives(place.label, await place.list(), json);
  const signal = openStopSignal();
  const backups = { place, keep: keep ?? config.BACKUP_KEEP };
  const backup = await useInstallation(
    {
      server: (ask) => backUpByServer(ask, { to, keep }, signal),
      database: (db, _, database) => backUpHere(db, database, config, backups, signal),
    },
    { ofEarlierVersion: true }, // before an upgrade, the new version backs up the former schema
  );
  if (backup.error_code) throw new AppError(backup.error_code, { message: backup.error_message });
  if (json) console.log(JSON.stringify(backup, null, 2));
  else printBackup(backup);
  const problem = describeDamage(backup);
  if (problem === null) return;
  console.error(problem);
  process.exitCode = 1;
}

type PlaceOptions = { to: string | undefined; keep: number | undefined };

async function backUpHere(
  db: Sql,
  database: DatabaseServer,
  config: Config,
  backups: BackupRunDeps["backups"],
  signal: AbortSignal,
): Promise<BackupRecord> {
  const deps: BackupRunDeps = {
    db,
    backups,
    database,
    storage: await openStorage(config, DOCUMENT_FILES),
    uploadedAudio: await openStorage(config, AUDIO_FILES),
    dataRoot: config.DATA_ROOT,
    log: openLog("silent", { name: "backup" }),
  };
  const { id } = await startBackup(deps, signal);
  // Without the signal: it ends the backup, which then has its reason.
  return untilFinished(() => getBackup(db, id));
}

async function backUpByServer(
  ask: ServerClient,
  { to, keep }: PlaceOptions,
  signal: AbortSignal,
): Promise<BackupRecord> {
  if (to !== undefined || keep !== undefined) {
    const message =
      "A running server makes this backup, into its BACKUP_TO: leave out --to and --keep, or stop it first";
    throw new AppError("config_invalid", { message });
  }
  const { id } = (await ask("POST", "/api/backups")) as BackupRecord;
  return untilFinished(async () => {
    signal.throwIfAborted();
    return (await ask("GET", `/api/backups/${id}`)) as BackupRecord;
  });
}

const POLL_MS = 200;

async function untilFinished(read: () => Promise<BackupRecord>): Promise<BackupRecord> {
  for (;;) {
    const backup = await read();
    if (backup.finished_at) return backup;
    await Bun.sleep(POLL_MS);
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
    return { ...values, to: values.to && fromCallerFolder(values.to), keep };
  } catch (error) {
    exitWithUsage(error, USAGE);
  }
}

function printArchives(place: string, archives: StoredBackup[], asJson: boolean): void {
  if (asJson) console.log(JSON.stringify(archives, null, 2));
  else
    for (const { name, size_bytes } of archives) console.log(`${name}  ${megabytes(size_bytes)}`);
  // On stderr, because scripts read the names from stdout.
  if (archives.length === 0) {
    console.error(
      `There is no archive in ${place}: make one with ./lectern backup, or name the place with --to`,
    );
  }
}

function printBackup(backup: BackupRecord): void {
  const { place, archive, size_bytes, rows, files } = backup;
  console.log(`${place}/${archive}: ${megabytes(size_bytes ?? 0)}, ${rows} rows, ${files} files`);
}

/** Null when the archive has all files as they were uploaded. */
function describeDamage({ missing, changed }: BackupRecord): string | null {
  const parts = [
    missing ? `${missing} files are missing in the storage: check DATA_ROOT and STORAGE` : null,
    changed ? `${changed} PDFs differ from their upload` : null,
  ].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return `The archive is stored, but it is incomplete. ${parts.join(". ")}. List them: ./lectern verify`;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

await runMain(main);
