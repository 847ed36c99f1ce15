import { refreshNearestIndexes } from "../db/chunks/nearest-index";
import { refreshWordCounts } from "../db/chunks/word-counts";
import type { Sql } from "../db/client";
import type { ContentRetention } from "../db/content-retention";
import { startFileRemoval } from "../db/document-files";
import { listDeletedDocuments } from "../db/documents";
import { pruneExamAnswers } from "../db/exam-answers";
import { recordRemovedOrphan } from "../db/file-audit";
import { pruneKeys } from "../db/jobs/idempotency";
import { type JobKind, listIncompleteJobs } from "../db/jobs/jobs";
import { closeLostCalls } from "../db/jobs/provider-calls";
import { findQueueHold } from "../db/jobs/queue-hold";
import { pruneHistory, type Retention } from "../db/jobs/retention";
import { resumeDueJobs } from "../db/jobs/usage";
import { expireAudio } from "../db/lecture-audio";
import { purgeLectures } from "../db/lectures";
import type { Log } from "../log";
import { sweepScratch } from "../media/scratch";
import { VISIBILITY_SECONDS } from "../queue/attempt";
import { correctFutureTimes, requeueLostJobs } from "../queue/queue";
import { pruneRegistrations } from "../queue/worker-registry";
import { AnswerSpool } from "../storage/answer-spool";
import type { FileStorage } from "../storage/files";
import { sweepStaging } from "../storage/staging";
import { removeDocument, removeFile } from "./document/request";
import { auditFiles } from "./file-audit";
import { removeUnneededAudio } from "./lecture/remove-audio";
import { startPolling } from "./poll";
import { applyRetention } from "./retention";

const EVERY_MS = 60_000;
/** A new process first starts its workers and serves the clients that wait for it: some tasks read all chunks. */
const FIRST_AFTER_MS = 2_000;
const DAY_MS = 24 * 3_600_000;
/** Long enough for the worker of a deleted asset to notice: it extends its claim every 15 s. */
const PURGE_AFTER_SECONDS = 60;

/** Longer than an upload needs between storing its file and inserting its row. */
const UNCLAIMED_SECONDS = 3_600;

/** An answer of a failed job is kept for a retry this long. */
const ANSWERS_DAYS = 7;

type MaintenanceDeps = {
  db: Sql;
  storage: FileStorage;
  uploadedAudio: FileStorage;
  /** Days between the failure of a lecture and the removal of its uploaded audio. */
  audioRetentionDays: number;
  retention: Retention;
  /** Days after which documents, lectures, vectors and conversations are deleted. */
  contentRetention: ContentRetention;
  dataRoot: string;
  log: Log;
};

/**
 * Maintains every minute and daily, first a moment after the start. Several machines can run each task at once.
 *
 * @returns stops it: no further task begins
 */
export function startMaintenance(deps: MaintenanceDeps): () => void {
  const { log } = deps;
  const failure = "maintenance failed";
  const stopFrequent = startPolling((signal) => maintain(deps, signal), {
    everyMs: EVERY_MS,
    firstAfterMs: FIRST_AFTER_MS,
    log,
    failure,
  });
  const stopDaily = startPolling((signal) => maintainDaily(deps, signal), {
    everyMs: DAY_MS,
    firstAfterMs: EVERY_MS,
    log,
    failure,
  });
  return () => {
    void stopFrequent();
    void stopDaily();
  };
}

/** Cleans up after crashes: scratch files, incomplete uploads, jobs without a message, deleted assets, files without a row. */
export async function maintain(deps: MaintenanceDeps, signal?: AbortSignal): Promise<void> {
  const { db, dataRoot, storage, uploadedAudio } = deps;
  const tasks = {
    scratch: () => sweepScratch(dataRoot),
    document_staging: () => sweepStaging(storage.stagingDir),
    audio_staging: () => sweepStaging(uploadedAudio.stagingDir),
    jobs: () => requeueJobs(deps),
    times: () => correctTimes(deps),
    deleted_documents: () => removeDeletedDocuments(deps),
    unclaimed_files: () => removeUnclaimedFiles(deps),
    deleted_lectures: () => purgeLectures(db, PURGE_AFTER_SECONDS),
    uploaded_audio: () => removeAudioOfLectures(deps),
    keys: () => pruneKeys(db),
    exam_answers: () => pruneExamAnswers(db),
    paid_answers: () => removeUnneededAnswers(deps),
    provider_calls: () => closeLostCalls(db),
    paused_jobs: () => resumeDueJobs(db),
    word_counts: () => refreshWordCounts(db),
  };
  await runTasks(deps, tasks, signal);
}

/** Deletes history that is too old, and compares the stored files with the rows: tasks that read whole tables. */
async function maintainDaily(deps: MaintenanceDeps, signal: AbortSignal): Promise<void> {
  const { db, retention, storage, uploadedAudio } = deps;
  const tasks = {
    content: () => unlessHeld(db, () => removeOldContent(deps, signal)),
    history: () => unlessHeld(db, () => pruneHistory(db, retention)),
    registrations: () => pruneRegistrations(db),
    nearest_indexes: () => refreshNearestIndexes(db, signal),
    documents: () => audit(deps, "document", storage, signal),
    audio: () => audit(deps, "lecture", uploadedAudio, signal),
  };
  await runTasks(deps, tasks, signal);
}

async function audit(
  { db, log }: MaintenanceDeps,
  kind: JobKind,
  storage: FileStorage,
  signal: AbortSignal,
): Promise<void> {
  const found = await auditFiles({ db, storage }, kind, signal);
  if (found.orphans + found.missing > 0) {
    log.warn({ kind, ...found }, "files and rows differ: see the events");
  }
}

async function removeOldContent(
  { db, contentRetention, log }: MaintenanceDeps,
  signal: AbortSignal,
): Promise<void> {
  const deleted = await applyRetention(db, contentRetention, signal);
  if (Object.values(deleted).some((count) => count > 0)) {
    log.info({ deleted }, "content older than its retention deleted");
  }
}

/** After a restore nothing is deleted for its age, until an operator has checked the data. */
async function unlessHeld(db: Sql, remove: () => Promise<unknown>): Promise<void> {
  if (!(await findQueueHold(db))) await remove();
}

/** A failed task, such as one that needs an unreachable bucket, does not stop the others. */
async function runTasks(
  { log }: MaintenanceDeps,
  tasks: Record<string, () => Promise<unknown>>,
  signal?: AbortSignal,
): Promise<void> {
  for (const [task, run] of Object.entries(tasks)) {
    if (signal?.aborted) return;
    await run().catch((err) => {
      if (!signal?.aborted) log.warn({ err, task }, "maintenance failed");
    });
  }
}

async function requeueJobs({ db, log }: MaintenanceDeps): Promise<void> {
  const requeued = await requeueLostJobs(db);
  if (requeued > 0) log.warn({ requeued }, "queued unfinished jobs that had no message");
}

async function correctTimes({ db, log }: MaintenanceDeps): Promise<void> {
  const corrected = await correctFutureTimes(db, VISIBILITY_SECONDS);
  if (corrected > 0) log.warn({ corrected }, "the clock was set back: its jobs are due now");
}

async function removeDeletedDocuments({ db, storage }: MaintenanceDeps): Promise<void> {
  for (const { id } of await listDeletedDocuments(db, PURGE_AFTER_SECONDS)) {
    await removeDocument({ db, storage }, id);
  }
}

async function removeUnclaimedFiles({ db, storage }: MaintenanceDeps): Promise<void> {
  for (const id of await startFileRemoval(db, UNCLAIMED_SECONDS)) {
    await removeFile(db, storage, id);
    await recordRemovedOrphan(db, id);
  }
}

/** A job that fails can be retried, but another machine can complete it, or a deletion end it. */
async function removeUnneededAnswers({ db, dataRoot, log }: MaintenanceDeps): Promise<void> {
  const answers = new AnswerSpool(dataRoot, log);
  const listed = await answers.listJobs();
  const usable = await listIncompleteJobs(db, listed);
  await answers.sweep(new Set(usable), ANSWERS_DAYS * DAY_MS);
}

async function removeAudioOfLectures(deps: MaintenanceDeps): Promise<void> {
  await unlessHeld(deps.db, () => expireAudio(deps.db, deps.audioRetentionDays));
  await removeUnneededAudio(deps);
}
