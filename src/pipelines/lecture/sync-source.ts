import type { Sql } from "../../db/client";
import {
  type ClaimedSource,
  claimSource,
  finishSync,
  type ListedRecording,
  listNewRecordings,
  recordImport,
  releaseSource,
  storeRecordings,
} from "../../db/course-sources";
import { AppError, isRetryable } from "../../errors";
import type { Log } from "../../log";
import type { AudioSource } from "../../providers/audio-source";
import { type CallPolicy, CallRecorder } from "../paid-calls";
import { listCollection } from "./list-collection";
import { receiveRecording } from "./request";

/** Longer than the list of a folder takes. Each import extends it. */
const LEASE_SECONDS = 300;
/** After a failure that can pass, such as an outage of the site. */
const RETRY_SECONDS = 300;

export type SourceSyncDeps = {
  db: Sql;
  audioSource: AudioSource;
  callPolicy: CallPolicy;
  log: Pick<Log, "info" | "warn">;
};

/**
 * Synchronises all sources that are due, one after the other. Several processes can do this at the same
 * time: one of them works for a source. After a kill, another one continues where it stopped.
 *
 * @throws the signal's reason when it is aborted; errors of the database
 */
export async function syncDueSources(deps: SourceSyncDeps, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const source = await claimSource(deps.db, LEASE_SECONDS);
    if (!source) return;
    await syncSource(deps, source, signal);
  }
}

async function syncSource(
  deps: SourceSyncDeps,
  source: ClaimedSource,
  signal: AbortSignal,
): Promise<void> {
  const { db, audioSource, callPolicy, log } = deps;
  try {
    if (source.kind !== "list") {
      const calls = new CallRecorder(db, null, signal, callPolicy);
      const recordings = await listCollection(audioSource, calls, source.url, signal);
      await storeRecordings(db, source.id, recordings);
    }
    for (const recording of await listNewRecordings(db, source.id)) {
      signal.throwIfAborted();
      const result = await importRecording(deps, source, recording);
      if (!(await recordImport(db, source, recording.session_id, result, LEASE_SECONDS))) return;
    }
    await finishSync(db, source, null);
  } catch (error) {
    if (signal.aborted) {
      await releaseSource(db, source);
      throw signal.reason;
    }
    if (!(error instanceof AppError)) throw error;
    const { errorCode: code, details } = error;
    log.warn({ source: source.id, code }, "a source could not be synchronised");
    const message = typeof details.message === "string" ? details.message : error.message;
    const retrySeconds = isRetryable(error) ? retrySecondsOf(details) : null;
    await finishSync(db, source, { code, message, retrySeconds });
  }
}

/** Not before the site can be called again. */
const retrySecondsOf = ({ retry_after_ms }: AppError["details"]) =>
  Math.max(RETRY_SECONDS, typeof retry_after_ms === "number" ? retry_after_ms / 1_000 : 0);

/** A recording that is refused does not stop the others. @throws AppError that can pass */
async function importRecording(
  deps: SourceSyncDeps,
  { course_id, transcription, visible_from }: ClaimedSource,
  { url, title }: ListedRecording,
): Promise<{ lecture_id: string } | { error_code: string; error_message: string }> {
  try {
    const request = { course_id, panopto_url: url, priority: "normal" as const, transcription };
    const { lecture_id } = await receiveRecording(deps, {
      ...request,
      ...(visible_from !== null && { visible_from }),
      ...(title !== null && { title: title.slice(0, 300) }),
    });
    return { lecture_id };
  } catch (error) {
    if (!(error instanceof AppError) || isRetryable(error)) throw error;
    return { error_code: error.errorCode, error_message: error.message };
  }
}
