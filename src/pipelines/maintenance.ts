import type { Sql } from "../db/client";
import { listDeletedDocuments, startFileRemoval } from "../db/documents";
import { pruneKeys } from "../db/jobs/idempotency";
import { closeLostCalls } from "../db/jobs/provider-calls";
import { resumeDueJobs } from "../db/jobs/usage";
import { expireAudio } from "../db/lecture-audio";
import { purgeLectures } from "../db/lectures";
import type { Log } from "../log";
import { sweepScratch } from "../media/scratch";
import { requeueLostJobs } from "../queue/queue";
import type { FileStorage } from "../storage/files";
import { sweepStaging } from "../storage/staging";
import { removeDocument, removeFile } from "./document/request";
import { removeUnneededAudio } from "./lecture/remove-audio";

const EVERY_MS = 60_000;
/** Long enough for the worker of a deleted asset to notice: it extends its claim every 15 s. */
const PURGE_AFTER_SECONDS = 60;

/** Longer than an upload needs between storing its file and inserting its row. */
const UNCLAIMED_SECONDS = 3_600;

type MaintenanceDeps = {
  db: Sql;
  storage: FileStorage;
  uploadedAudio: FileStorage;
  /** Days between the failure of a lecture and the removal of its uploaded audio. */
  audioRetentionDays: number;
  dataRoot: string;
  log: Log;
};

/**
 * Cleans up after crashes, at start and every minute: scratch files, incomplete uploads, jobs without
 * a message, deleted assets, files without a row. Several machines can run each task at once.
 *
 * @returns a function that stops the maintenance
 */
export async function startMaintenance(deps: MaintenanceDeps): Promise<() => void> {
  const { storage, uploadedAudio, dataRoot } = deps;
  await sweepScratch(dataRoot);
  const started = new Date(Date.now() - process.uptime() * 1_000);
  await sweepStaging(storage.stagingDir, started);
  await sweepStaging(uploadedAudio.stagingDir, started);
  await maintain(deps);
  const timer = setInterval(() => void maintain(deps), EVERY_MS);
  return () => clearInterval(timer);
}

/** A failed task, such as one that needs an unreachable bucket, does not stop the others. */
async function maintain(deps: MaintenanceDeps): Promise<void> {
  const { db, dataRoot, log } = deps;
  const tasks = {
    scratch: () => sweepScratch(dataRoot),
    jobs: () => requeueJobs(deps),
    deleted_documents: () => removeDeletedDocuments(deps),
    unclaimed_files: () => removeUnclaimedFiles(deps),
    deleted_lectures: () => purgeLectures(db, PURGE_AFTER_SECONDS),
    uploaded_audio: () => removeAudioOfLectures(deps),
    keys: () => pruneKeys(db),
    provider_calls: () => closeLostCalls(db),
    paused_jobs: () => resumeDueJobs(db),
  };
  for (const [task, run] of Object.entries(tasks)) {
    await run().catch((err) => log.warn({ err, task }, "maintenance failed"));
  }
}

async function requeueJobs({ db, log }: MaintenanceDeps): Promise<void> {
  const requeued = await requeueLostJobs(db);
  if (requeued > 0) log.warn({ requeued }, "queued unfinished jobs that had no message");
}

async function removeDeletedDocuments({ db, storage }: MaintenanceDeps): Promise<void> {
  for (const { id } of await listDeletedDocuments(db, PURGE_AFTER_SECONDS)) {
    await removeDocument({ db, storage }, id);
  }
}

async function removeUnclaimedFiles({ db, storage }: MaintenanceDeps): Promise<void> {
  for (const id of await startFileRemoval(db, UNCLAIMED_SECONDS)) {
    await removeFile(db, storage, id);
  }
}

async function removeAudioOfLectures(deps: MaintenanceDeps): Promise<void> {
  await expireAudio(deps.db, deps.audioRetentionDays);
  await removeUnneededAudio(deps);
}
