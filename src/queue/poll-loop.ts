import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log";

/** After an error, such as an outage of the database. */
const ERROR_DELAY_MS = 1_000;

export type PollLoop = {
  /** Looks for work now. */
  wake(): void;
  /** Starts no more work; resolves when the current work has ended. */
  drain(): Promise<void>;
};

/**
 * Calls `once` until the loop is drained, without a pause while there is work.
 *
 * @param once  does one piece of work; false when there was none
 * @param pollMs  fallback poll: finds work without a NOTIFY, such as expired claims
 */
export function startPollLoop(once: () => Promise<boolean>, log: Log, pollMs: number): PollLoop {
  let draining = false;
  let woken = Promise.withResolvers<void>();

  const loop = async () => {
    while (!draining) {
      woken = Promise.withResolvers<void>();
      try {
        if (!(await once())) await Promise.race([woken.promise, sleep(pollMs)]);
      } catch (error) {
        log.warn({ err: error }, "the queue cannot be reached");
        await Promise.race([woken.promise, sleep(ERROR_DELAY_MS)]);
      }
    }
  };
  const done = loop();

  return {
    wake: () => woken.resolve(),
    drain: () => {
      draining = true;
      woken.resolve();
      return done;
    },
  };
}
