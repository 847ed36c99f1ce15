import type { Sql } from "../db/client";
import { AppError, ERRORS, type ErrorCode, isRetryable } from "../errors";
import type { Log } from "../log";
import { type Claim, extend, finish, postpone, type Reason } from "./queue";

/** A dead process is noticed within this time; a living one beats three times in it. */
export const VISIBILITY_SECONDS = 45;
const BEAT_MS = 15_000;
/** Handled errors a job may have before it is given up. */
const MAX_ERRORS = 8;
/** Attempts that may vanish without a word: the job, not chance, kills its worker. */
const MAX_CRASHES = 3;

/**
 * Does a claimed job. Attempts repeat, so it must be safe to run again, and it reads `signal` wherever
 * it waits. A returned reason stands beside a completed job, such as why it has no transcript.
 */
export type Handler = (held: Claim, signal: AbortSignal) => Promise<Reason | undefined>;

export type Outcome = "done" | "retrying" | "gave-up" | "handed-back" | "lost";

/**
 * Brings one claimed job to its next state. The claim is kept alive while the handler runs; when it
 * is lost (another worker took over, the asset was deleted or cancelled) the handler is aborted.
 *
 * @param stop aborted when the worker has to go: the job is handed back at once, not counted
 */
export async function work(
  sql: Sql,
  held: Claim,
  handler: Handler,
  { stop, lost, log }: { stop: AbortSignal; lost: AbortController; log: Log },
): Promise<Outcome> {
  const crashes = held.attempt - 1 - held.errors - held.handed_back;
  if (crashes >= MAX_CRASHES) {
    const message = `Processing crashed the worker ${crashes} times`;
    return ended(await finish(sql, held, "failed", { code: "worker_crashed", message }), "gave-up");
  }

  const heartbeat = setInterval(() => void beat(sql, held, lost, log), BEAT_MS);
  try {
    const reason = await handler(held, AbortSignal.any([stop, lost.signal]));
    return ended(await finish(sql, held, "completed", reason), "done");
  } catch (error) {
    if (lost.signal.aborted) return "lost";
    if (stop.aborted) return ended(await postpone(sql, held, 0, "handed_back"), "handed-back");
    log.warn({ err: error, job_id: held.job_id, attempt: held.attempt }, "attempt failed");
    return settle(sql, held, error);
  } finally {
    clearInterval(heartbeat);
  }
}

/** Keeps a claim alive, and aborts `lost` when it is somebody else's or nobody's by now. */
export async function beat(sql: Sql, held: Claim, lost: AbortController, log: Log): Promise<void> {
  try {
    const ours = await extend(sql, held, VISIBILITY_SECONDS);
    if (!ours) lost.abort(new AppError("claim_lost"));
  } catch (error) {
    // An outage of the database is no reason to stop: the claim may outlive it.
    log.warn({ err: error }, "heartbeat failed");
  }
}

async function settle(sql: Sql, held: Claim, error: unknown): Promise<Outcome> {
  const reason = toReason(error);
  if (reason.code === "claim_lost") return "lost";
  if (isRetryable(error) && held.errors + 1 < MAX_ERRORS) {
    const delay = Math.max(backoffSeconds(held.errors), retryAfterSeconds(error));
    return ended(await postpone(sql, held, delay, "error", reason), "retrying");
  }
  return ended(await finish(sql, held, "failed", reason), "gave-up");
}

const ended = (ours: boolean, outcome: Outcome): Outcome => (ours ? outcome : "lost");

/** 2, 4, 8 … 900 seconds, halved at most by chance so that failed jobs do not return in step. */
export function backoffSeconds(errors: number, random = Math.random): number {
  return Math.min(900, 2 ** (errors + 1)) * (0.5 + random() / 2);
}

/** A provider that says when to come back is believed, for up to an hour. */
function retryAfterSeconds(error: unknown): number {
  const ms = error instanceof AppError ? error.details.retry_after_ms : undefined;
  return typeof ms === "number" && ms > 0 ? Math.min(ms / 1000, 3600) : 0;
}

/** What people read about a failure; the stack of an unforeseen one stays in the log. */
function toReason(error: unknown): Reason {
  const code: ErrorCode = error instanceof AppError ? error.errorCode : "internal";
  const { message, provider } = error instanceof AppError ? error.details : {};
  const { title } = ERRORS[code];
  if (typeof message !== "string") return { code, message: title };
  // A provider's own words say why, seldom what to do.
  return { code, message: provider ? `${title}: "${message}"` : message };
}
