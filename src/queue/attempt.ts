import type { Sql } from "../db/client";
import { BREAKER } from "../db/jobs/provider-calls";
import { throughOutages } from "../db/outage";
import { AppError, ERRORS, type ErrorCode, isRetryable, PROVIDER_OUTAGES } from "../errors";
import type { Log } from "../log";
import { toOutage } from "../storage/failure";
import {
  type ClaimedJob,
  deferJob,
  extendClaim,
  finishJob,
  type JobReason,
  pauseJob,
  postponeJob,
} from "./queue";

/** The claim of a dead worker expires after this time; a living worker extends it three times as often. */
export const VISIBILITY_SECONDS = 45;
const HEARTBEAT_MS = 15_000;
/** A job fails for good after this many handled errors. */
const MAX_ERRORS = 8;
/** For causes that can last for hours: with the longest delay, 28 attempts take at least 2 hours. */
const SLOW_CAUSES: ErrorCode[] = ["recording_processing", "storage_full"];
const MAX_SLOW_ERRORS = 28;
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

/**
 * `paused`: the next call would exceed a budget.
 * `waiting`: no call was made, because a provider or the database cannot be reached now.
 * `lost`: another worker holds the job, or the asset was deleted or cancelled.
 */
export type AttemptOutcome =
  | "done"
  | "retrying"
  | "waiting"
  | "paused"
  | "gave-up"
  | "handed-back"
  | "lost";

/**
 * Runs one attempt at a claimed job and stores the result. The caller keeps the claim during the attempt,
 * with `keepClaim`.
 *
 * @param stop aborted at shutdown: the job is given back at once, and the attempt does not count
 * @param lost aborted when the claim is lost; the handler is aborted too
 */
export async function runAttempt(
  sql: Sql,
  job: ClaimedJob,
  handler: JobHandler,
  {
    stop,
    lost,
    log,
    probeSeconds = BREAKER.probeSeconds,
  }: { stop: AbortSignal; lost: AbortController; log: Log; probeSeconds?: number },
): Promise<AttemptOutcome> {
  if (job.interruptions >= MAX_INTERRUPTIONS) {
    const message = `Processing ended with the server ${job.interruptions} times`;
    const reason = { code: "worker_crashed", message } as const;
    return orLost(await finishJob(sql, job, "failed", reason), "gave-up");
  }

  const signal = AbortSignal.any([stop, lost.signal]);
  try {
    const reason = await handler(job, signal);
    const finish = () => finishJob(sql, job, "completed", reason);
    return orLost(await throughOutages(finish, signal), "done");
  } catch (error) {
    if (lost.signal.aborted) return "lost";
    if (stop.aborted) return orLost(await postponeJob(sql, job, 0), "handed-back");
    log.warn({ err: error, job_id: job.job_id, attempt: job.attempt }, "attempt failed");
    const failure = toOutage(error) ?? error;
    return await throughOutages(() => recordFailure(sql, job, failure, probeSeconds), signal);
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
    // The work continues: the database can be back before the claim expires.
    log.warn({ err: error }, "claim not extended");
  }
}

/** The delay after an outage of the database, in seconds. */
const DATABASE_DELAY = 2;

async function recordFailure(
  sql: Sql,
  job: ClaimedJob,
  error: unknown,
  probeSeconds: number,
): Promise<AttemptOutcome> {
  const reason = toReason(error);
  if (reason.code === "claim_lost") return "lost";
  const delay = Math.max(backoffSeconds(job.errors), retryAfterSeconds(error));
  const provider = providerOf(error);

  if (reason.code === "database_unavailable") {
    const outage = { ...reason, delaySeconds: DATABASE_DELAY, probeSeconds };
    const held = await deferJob(sql, job, outage);
    return orLost(held === "held", "waiting");
  }
  if (reason.code === "budget_exceeded" && error instanceof AppError) {
    return orLost(await pauseJob(sql, job, reason, error.details.scope), "paused");
  }
  const isFailure = PROVIDER_OUTAGES.includes(reason.code);
  if (provider && (isFailure || reason.code === "provider_waiting")) {
    const outage = { ...reason, provider, isFailure, delaySeconds: delay, probeSeconds };
    const held = await deferJob(sql, job, outage);
    if (held !== "counted") return orLost(held === "held", isFailure ? "retrying" : "waiting");
  }
  const maxErrors = SLOW_CAUSES.includes(reason.code) ? MAX_SLOW_ERRORS : MAX_ERRORS;
  if (isRetryable(error) && job.errors + 1 < maxErrors) {
    return orLost(await postponeJob(sql, job, delay, { ...reason, provider }), "retrying");
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

/** The service whose circuit breaker counts the error, else the name of the provider. */
function providerOf(error: unknown): string | undefined {
  const { service, provider } = error instanceof AppError ? error.details : {};
  if (typeof service === "string") return service;
  return typeof provider === "string" ? provider.split(":")[0] : undefined;
}

/** The reason that users read. The stack of an unexpected error is only logged. */
function toReason(error: unknown): JobReason {
  const code: ErrorCode = error instanceof AppError ? error.errorCode : "internal";
  const { message, provider } = error instanceof AppError ? error.details : {};
  const { title } = ERRORS[code];
  if (typeof message !== "string") return { code, message: title };
  if (code === "provider_waiting") return { code, message };
  // The message of a provider seldom contains the next step, so our title is first.
  return { code, message: provider ? `${title} ("${message}")` : message };
}
