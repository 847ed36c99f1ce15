import type { Sql } from "../db/client";
import { doomUnclaimedFiles, listDeletedDocuments, purgeDocument } from "../db/documents";
import { pruneKeys } from "../db/jobs/idempotency";
import { listUnfinishedLectures, purgeLectures } from "../db/lectures";
import type { Log } from "../log";
import { sweepScratch } from "../media/scratch";
import { requeueLostJobs } from "../queue/queue";
import type { DocumentStorage } from "../storage/documents";
import type { SoundInbox } from "../storage/sounds";
import { sweepStaging } from "../storage/staging";
import { removeFile } from "./document/request";

const EVERY_MS = 60_000;
/** A deleted asset's worker has noticed by then: its heart beats every 15 s. */
const PURGE_AFTER_SECONDS = 60;

/** Longer than any upload takes from its file to its row. */
const UNCLAIMED_SECONDS = 3_600;

/** Sound is kept a moment before its lecture's row is written. */
const SOUND_SETTLES_MS = 60_000;

type Needs = {
  db: Sql;
  storage: DocumentStorage;
  sounds: SoundInbox;
  dataRoot: string;
  log: Log;
};

/**
 * Puts in order what crashes leave behind, at start and every minute: scratch files, half uploads,
 * jobs without a message, deleted assets, files without a row. Each task is safe to run on several machines at once.
 *
 * @returns stops it
 */
export async function startMaintenance(needs: Needs): Promise<() => void> {
  const { storage, sounds, dataRoot } = needs;
  await sweepScratch(dataRoot);
  const started = new Date(Date.now() - process.uptime() * 1_000);
  await sweepStaging(storage.stagingDir, started);
  await sweepStaging(sounds.stagingDir, started);
  await maintain(needs);
  const timer = setInterval(() => void maintain(needs), EVERY_MS);
  return () => clearInterval(timer);
}

/** One task that fails, such as for a bucket that is away, keeps no other from its turn. */
async function maintain(needs: Needs): Promise<void> {
  const { db, dataRoot, log } = needs;
  const tasks = {
    scratch: () => sweepScratch(dataRoot),
    jobs: () => requeueJobs(needs),
    deleted_documents: () => removeDeletedDocuments(needs),
    unclaimed_files: () => removeUnclaimedFiles(needs),
    deleted_lectures: () => purgeLectures(db, PURGE_AFTER_SECONDS),
    sounds: () => removeEndedSounds(needs),
    keys: () => pruneKeys(db),
  };
  for (const [task, run] of Object.entries(tasks)) {
    await run().catch((err) => log.warn({ err, task }, "maintenance failed"));
  }
}

async function requeueJobs({ db, log }: Needs): Promise<void> {
  const requeued = await requeueLostJobs(db);
  if (requeued > 0) log.warn({ requeued }, "unfinished jobs had lost their message");
}

async function removeDeletedDocuments({ db, storage }: Needs): Promise<void> {
  for (const { id } of await listDeletedDocuments(db, PURGE_AFTER_SECONDS)) {
    await storage.remove(id);
    await purgeDocument(db, id);
  }
}

async function removeUnclaimedFiles({ db, storage }: Needs): Promise<void> {
  for (const id of await doomUnclaimedFiles(db, UNCLAIMED_SECONDS)) {
    await removeFile(db, storage, id);
  }
}

/** Sound that no job needs any more: its worker crashed between the job's end and the removal. */
async function removeEndedSounds({ db, sounds }: Needs): Promise<void> {
  const kept = await sounds.list(SOUND_SETTLES_MS);
  if (kept.length === 0) return;
  const needed = new Set(await listUnfinishedLectures(db, kept));
  for (const id of kept) if (!needed.has(id)) await sounds.remove(id);
}
