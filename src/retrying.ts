import { pause } from "./pause";

type RetryRule = {
  /** Maximum number of attempts, the first included. */
  attempts: number;
  /** The pause after the first attempt in ms, with up to 50 % jitter; it doubles with each further one. */
  backoffMs: number;
  /** The shortest pause in ms after this failure; null if it does not pass by itself. */
  pauseAfter(error: unknown): number | null;
  signal?: AbortSignal | undefined;
};

/**
 * Repeats an attempt that failed for a passing reason, with exponential backoff.
 *
 * @throws the error of the last attempt, or the reason of the signal
 */
export async function retrying<T>(attempt: () => Promise<T>, rule: RetryRule): Promise<T> {
  const { attempts, backoffMs, pauseAfter, signal } = rule;
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const pauseMs = pauseAfter(error);
      if (tried === attempts || pauseMs === null) throw error;
      const backoff = backoffMs * 2 ** (tried - 1) * (0.5 + Math.random() / 2);
      await pause(Math.max(pauseMs, backoff), signal);
    }
  }
}
