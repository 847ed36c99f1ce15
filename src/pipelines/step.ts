import type { Sql } from "../db/client";
import {
  advanceJob,
  type Fence,
  type JobKind,
  type JobState,
  reportProgress,
} from "../db/jobs/jobs";
import { AppError } from "../errors";

/** What a pipeline is given to do one attempt with. */
export type Attempt<K extends JobKind> = {
  fence: Fence;
  /** Aborted when the attempt loses its job or the worker has to stop. */
  signal: AbortSignal;
  /** Does one stage of the job under its name, and measures it. */
  step<T>(state: JobState<K>, run: () => Promise<T>): Promise<T>;
  /** Percent of the whole job, 0 to 99; written at most four times a second. */
  progress(percent: number): Promise<void>;
};

const REPORT_EVERY_MS = 250;

export function openAttempt<K extends JobKind>(
  db: Sql,
  kind: K,
  fence: Fence,
  signal: AbortSignal,
  onStep: (state: string, seconds: number) => void,
): Attempt<K> {
  let reportedAt = Number.NEGATIVE_INFINITY;
  return {
    fence,
    signal,
    step: async (state, run) => {
      held(await advanceJob(db, kind, fence, state));
      const started = performance.now();
      try {
        return await run();
      } finally {
        onStep(state, (performance.now() - started) / 1000);
      }
    },
    progress: async (percent) => {
      signal.throwIfAborted();
      if (performance.now() - reportedAt < REPORT_EVERY_MS) return;
      reportedAt = performance.now();
      held(await reportProgress(db, kind, fence, Math.min(99, Math.max(0, Math.floor(percent)))));
    },
  };
}

/**
 * Every fenced write answers whether the attempt still had its job.
 *
 * @throws AppError `claim_lost` when it did not
 */
export function held(stillOurs: boolean): void {
  if (!stillOurs) throw new AppError("claim_lost");
}
