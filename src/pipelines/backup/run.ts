import {
  type BackupRecord,
  claimBackup,
  failBackup,
  findCompleteArchive,
  finishBackup,
  getBackup,
  refreshBackup,
} from "../../db/backup/backups";
import { findQueueHold } from "../../db/jobs/queue-hold";
import { throughOutages } from "../../db/outage";
import { AppError, type ErrorCode } from "../../errors";
import type { Log } from "../../log";
import type { BackupPlace } from "../../storage/backup-place";
import { toOutage } from "../../storage/failure";
import { type BackupDeps, createBackup, removeOldBackups } from "./create";

export type BackupRunDeps = BackupDeps & {
  /** Where archives are stored, and how many stay there. */
  backups: { place: BackupPlace; keep: number };
  log: Pick<Log, "info" | "warn">;
};

/** Another process can start a backup a minute after the last refresh. */
const REFRESH_MS = 15_000;

/**
 * Starts a backup in the background. It ends with the signal.
 *
 * @throws AppError `backup_running`
 */
export async function startBackup(deps: BackupRunDeps, signal: AbortSignal): Promise<BackupRecord> {
  const id = await claimBackup(deps.db, deps.backups.place.label, null);
  if (!id) throw new AppError("backup_running");
  void runBackup(deps, id, signal).catch((err) => {
    deps.log.warn({ err, backup_id: id }, "the result of a backup was not stored");
  });
  return getBackup(deps.db, id);
}

/** Makes a backup if the last one of the installation is older than `everyHours`. A restored installation waits. */
export async function runDueBackup(
  deps: BackupRunDeps,
  everyHours: number,
  signal: AbortSignal,
): Promise<void> {
  if (await findQueueHold(deps.db)) return;
  const id = await claimBackup(deps.db, deps.backups.place.label, everyHours * 3_600);
  if (id) await runBackup(deps, id, signal);
}

async function runBackup(deps: BackupRunDeps, id: string, signal: AbortSignal): Promise<void> {
  const { db, log, backups } = deps;
  const refresh = setInterval(() => void refreshBackup(db, id).catch(() => {}), REFRESH_MS);
  try {
    const stored = await createBackup(deps, backups.place, new Date(), signal);
    await throughOutages(() => finishBackup(db, id, stored), signal);
    const summary = { backup_id: id, place: backups.place.label, ...stored };
    if (stored.missing + stored.changed === 0) log.info(summary, "backup stored");
    else log.warn(summary, "backup stored, but files of its rows are missing or changed");
  } catch (err) {
    log.warn({ err, backup_id: id }, "backup failed");
    return await throughOutages(() => failBackup(db, id, toFailure(err)), signal);
  } finally {
    clearInterval(refresh);
  }
  await removeOldArchives(deps);
}

/** The new archive is stored, so a place that refuses deletions does not make the backup a failed one. */
async function removeOldArchives(deps: BackupRunDeps): Promise<void> {
  const { db, backups, log } = deps;
  const { place, keep } = backups;
  try {
    const complete = await findCompleteArchive(db, place.label);
    const removed = await removeOldBackups(place, keep, complete);
    if (removed.length > 0) log.info({ removed }, "old backups removed");
  } catch (err) {
    log.warn({ err, place: place.label }, "old backups were not removed");
  }
}

/** Code and text of a failure, with its place and the reason of the system, such as ENOSPC. */
function toFailure(err: unknown): { error_code: ErrorCode; error_message: string } {
  const error = err instanceof AppError ? err : toOutage(err);
  if (!error) return { error_code: "internal", error_message: String(err) };
  const { place, reason } = error.details;
  const details = [place, reason].filter(Boolean).join(": ");
  const error_message = details ? `${error.message} (${details})` : error.message;
  return { error_code: error.errorCode, error_message };
}
