import { AppError } from "../errors";
import type { Log } from "../log";
import { pause } from "../pause";

/**
 * Repeats a work with pauses until it is stopped. A failure is logged, and the work is tried again.
 *
 * @param firstAfterMs  the pause before the first time; default: none
 * @returns stops the work, and resolves when it has ended
 */
export function startPolling(
  work: (signal: AbortSignal) => Promise<void>,
  {
    everyMs,
    firstAfterMs = 0,
    log,
    failure,
  }: { everyMs: number; firstAfterMs?: number; log: Pick<Log, "warn">; failure: string },
): () => Promise<void> {
  const stop = new AbortController();
  const poll = async () => {
    if (firstAfterMs > 0) await pause(firstAfterMs, stop.signal).catch(() => {});
    while (!stop.signal.aborted) {
      await work(stop.signal).catch((err) => {
        if (!stop.signal.aborted) log.warn({ err }, failure);
      });
      await pause(everyMs, stop.signal).catch(() => {});
    }
  };
  const ended = poll();
  return async () => {
    stop.abort(new AppError("cancelled"));
    await ended;
  };
}
