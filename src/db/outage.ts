import { pause } from "../pause";
import { isDatabaseOutage } from "./client";

const BACKOFF_MS = { first: 100, most: 5_000 };
/** Longer than a restart or a failover of a database takes. */
const PATIENCE_MS = 15 * 60_000;

/**
 * Repeats a statement until the database can be reached. The statement must be safe to repeat: the first
 * one can have been committed although its result did not arrive.
 *
 * @param patienceMs  the statement fails if the outage lasts longer
 * @throws the signal's reason; the statement's error
 */
export async function throughOutages<T>(
  statement: () => PromiseLike<T>,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let backoff = BACKOFF_MS.first; ; backoff = Math.min(BACKOFF_MS.most, backoff * 2)) {
    try {
      return await statement();
    } catch (error) {
      if (!isDatabaseOutage(error) || performance.now() > deadline) throw error;
      signal.throwIfAborted();
      await pause(backoff * (0.5 + Math.random() / 2), signal);
    }
  }
}
