import { AppError, isRetryable } from "../../errors";
import { retrying } from "../../retrying";

/** Maximum wait of one download for a server. */
export type Patience = {
  /** Longest silence of a connection. */
  stallMs: number;
  /** Longest time for one page, playlist or segment. */
  timeoutMs: number;
  /** Longest time for one file that holds a whole recording. */
  fileTimeoutMs: number;
  /** Wait before the second attempt; it doubles with every further one. */
  backoffMs: number;
};

export const PATIENCE: Patience = {
  stallMs: 30_000,
  timeoutMs: 120_000,
  fileTimeoutMs: 2 * 3_600_000,
  backoffMs: 500,
};

/** For a longer delay the job returns to the queue, because a waiting worker would keep its claim. */
const MAX_RETRY_AFTER_MS = 30_000;

/** Repeats a request to a server of recordings that failed for a passing reason. */
export const retryingFetch = <T>(
  attempt: () => Promise<T>,
  options: { attempts: number; backoffMs: number; signal: AbortSignal },
): Promise<T> => retrying(attempt, { ...options, pauseAfter });

function pauseAfter(error: unknown): number | null {
  if (!isRetryable(error) || isStorageFault(error)) return null;
  const asked = error instanceof AppError ? error.details.retry_after_ms : 0;
  const pauseMs = typeof asked === "number" ? asked : 0;
  return pauseMs > MAX_RETRY_AFTER_MS ? null : pauseMs;
}

/** A full disk stays full for longer than a worker should hold its claim. */
const isStorageFault = (error: unknown) =>
  error instanceof AppError && /^storage_/.test(error.errorCode);
