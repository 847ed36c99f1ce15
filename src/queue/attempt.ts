import type { Sql } from "../db/client";
import { AppError, ERRORS, type ErrorCode, isRetryable } from "../errors";
import type { Log } from "../log";
import { type ClaimedJob, extendClaim, finishJob, type JobReason, postponeJob } from "./queue";

/** The claim of a dead worker expires after this time; a living worker extends it three times as often. */
export const VISIBILITY_SECONDS = 45;
const HEARTBEAT_MS = 15_000;
/** A job fails for good after this many handled errors. */
const MAX_ERRORS = 8;
/** Panopto can need hours to process a recording: with the longest delay, 28 attempts take at least 2 hours. */
const MAX_PROCESSING_ERRORS = 28;
/**
 * A job in quarantine fails for good after this many attempts that ended together with the whole server. Such
 * an end seldom is the job's fault, so the limit only ends a crash loop: it takes a quarter of an hour or more.
 */
const MAX_INTERRUPTIONS = 20;

/**
 * Runs a claimed job. It must be safe to run again, because attempts repeat, and every wait in it must
 * end when `signal` is aborted. A returned reason is stored with the completed job, such as why it has
 * no transcript.
 */
export type JobHandler = (job: ClaimedJob, signal: AbortSignal) => Promise<JobReason | undefined>;

/** `lost`: another worker holds the job, or the asset was deleted or cancelled. */
export type AttemptOutcome = "done" | "retrying" | "gave-up" | "handed-back" | "lost";

/**
 * Runs one attempt at a claimed job and stores the result. The caller keeps the claim meanwhile, with
 * `keepClaim`.
 *
 * @param stop aborted at shutdown: the job is given back at once, and the attempt does not count
 * @param lost aborted when the claim is lost; the handler is aborted too
 */
export async function runAttempt(
  sql: Sql,
  job: ClaimedJob,
  handler: JobHandler,
  { stop, lost, log }: { stop: AbortSignal; lost: AbortController; log: Log },
): Promise<AttemptOutcome> {
  if (job.interruptions >= MAX_INTERRUPTIONS) {
    const message = `Processing ended with the server ${job.interruptions} times`;
    const reason = { code: "worker_crashed", message } as const;
    return orLost(await finishJob(sql, job, "failed", reason), "gave-up");
  }

  try {
    const reason = await handler(job, AbortSignal.any([stop, lost.signal]));
    return orLost(await finishJob(sql, job, "completed", reason), "done");
  } catch (error) {
    if (lost.signal.aborted) return "lost";
    if (stop.aborted) return orLost(await postponeJob(sql, job, 0), "handed-back");
    log.warn({ err: error, job_id: job.job_id, attempt: job.attempt }, "attempt failed");
    return recordFailure(sql, job, error);
  }
}

/**
 * Extends a claim until the returned function is called; aborts `lost` when the attempt no longer holds the
 * job. Call it outside the worker's thread: a blocked worker must keep its claim, and a dead process must not.
 */
export function keepClaim(sql: Sql, job: ClaimedJob, lost: AbortController, log: Log): () => void {
  const heartbeat = setInterval(() => void extendOrAbort(sql, job, lost, log), HEARTBEAT_MS);
  return () => clearInterval(heartbeat);
}

/** Extends a claim; aborts `lost` when the attempt no longer holds the job. */
export async function extendOrAbort(
  sql: Sql,
  job: ClaimedJob,
  lost: AbortController,
  log: Log,
): Promise<void> {
  try {
    const isHeld = await extendClaim(sql, job, VISIBILITY_SECONDS);
    if (!isHeld) lost.abort(new AppError("claim_lost"));
  } catch (error) {
    // The work goes on: the database can be back before the claim expires.
    log.warn({ err: error }, "claim not extended");
  }
}

async function recordFailure(sql: Sql, job: ClaimedJob, error: unknown): Promise<AttemptOutcome> {
  const reason = toReason(error);
  if (reason.code === "claim_lost") return "lost";
  const isProcessing = reason.code === "recording_processing";
  const maxErrors = isProcessing ? MAX_PROCESSING_ERRORS : MAX_ERRORS;
  if (isRetryable(error) && job.errors + 1 < maxErrors) {
    const delay = Math.max(backoffSeconds(job.errors), retryAfterSeconds(error));
    return orLost(
      await postponeJob(sql, job, delay, { ...reason, provider: providerOf(error) }),
      "retrying",
    );
  }
  return orLost(await finishJob(sql, job, "failed", reason), "gave-up");
}

const orLost = (wasHeld: boolean, outcome: AttemptOutcome): AttemptOutcome =>
  wasHeld ? outcome : "lost";

/** Exponential backoff, 2 s to 900 s, with up to 50 % jitter, so that failed jobs do not retry together. */
export function backoffSeconds(errors: number, random = Math.random): number {
  return Math.min(900, 2 ** (errors + 1)) * (0.5 + random() / 2);
}

/** The delay that the provider asked for, at most one hour; 0 without one. */
function retryAfterSeconds(error: unknown): number {
  const ms = error instanceof AppError ? error.details.retry_after_ms : undefined;
  return typeof ms === "number" && ms > 0 ? Math.min(ms / 1000, 3600) : 0;
}

function providerOf(error: unknown): string | undefined {
  const provider = error instanceof AppError ? error.details.provider : undefined;
  return typeof provider === "string" ? provider : undefined;
}

/** The reason that users read. The stack of an unexpected error is only logged. */
function toReason(error: unknown): JobReason {
  const code: ErrorCode = error instanceof AppError ? error.errorCode : "internal";
  const { message, provider } = error instanceof AppError ? error.details : {};
  const { title } = ERRORS[code];
  if (typeof message !== "string") return { code, message: title };
  // The message of a provider seldom says what to do, so our title comes first.
  return { code, message: provider ? `${title}: "${message}"` : message };
}
