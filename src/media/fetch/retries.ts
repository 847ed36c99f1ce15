import { setTimeout as sleep } from "node:timers/promises";
import { AppError, isRetryable } from "../../errors";

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

/** Repeats an attempt that failed for a passing reason, with growing pauses between. */
export async function retrying<T>(
  attempt: () => Promise<T>,
  options: { attempts: number; backoffMs: number; signal: AbortSignal },
): Promise<T> {
  const { attempts, backoffMs, signal } = options;
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const pauseMs = Math.max(
        retryAfterMs(error),
        backoffMs * 2 ** (tried - 1) * (0.5 + Math.random() / 2),
      );
      const isHopeless = !isRetryable(error) || isStorageFault(error);
      if (tried === attempts || isHopeless || pauseMs > MAX_RETRY_AFTER_MS) throw error;
      await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** A full disk stays full for longer than a worker should hold its claim. */
const isStorageFault = (error: unknown) =>
  error instanceof AppError && /^storage_/.test(error.errorCode);

function retryAfterMs(error: unknown): number {
  const pause = error instanceof AppError ? error.details.retry_after_ms : 0;
  return typeof pause === "number" ? pause : 0;
}
