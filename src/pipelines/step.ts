import { isDatabaseOutage, type Sql } from "../db/client";
import {
  advanceJob,
  type ClaimToken,
  type JobKind,
  type JobState,
  reportProgress,
} from "../db/jobs/jobs";
import { throughOutages } from "../db/outage";
import { AppError } from "../errors";
import { inSpan } from "../tracing";
import { type CallPolicy, CallRecorder, DEFAULT_POLICY } from "./paid-calls";

/** The dependencies of a pipeline in one attempt of a job. */
export type Attempt<K extends JobKind> = {
  fence: ClaimToken;
  /** Aborted when the attempt loses its claim or the worker stops. */
  signal: AbortSignal;
  /** Sets the job's state, runs one step, and measures its duration. */
  step<T>(state: JobState<K>, run: () => Promise<T>): Promise<T>;
  /** Percent of the whole job, 0 to 99; written at most four times a second. */
  progress(percent: number): Promise<void>;
  /** Receipts of the calls that cost money. */
  calls: CallRecorder;
};

const REPORT_EVERY_MS = 250;

/** @param onStep  receives each step's state and its duration in seconds, also of a failed step */
export function openAttempt<K extends JobKind>(
  db: Sql,
  kind: K,
  fence: ClaimToken,
  signal: AbortSignal,
  onStep: (state: string, seconds: number) => void,
  policy: CallPolicy = DEFAULT_POLICY,
): Attempt<K> {
  let reportedAt = Number.NEGATIVE_INFINITY;
  return {
    fence,
    signal,
    calls: new CallRecorder(db, fence, signal, policy),
    step: async (state, run) => {
      const advance = () => advanceJob(db, kind, fence, state);
      assertStillClaimed(await throughOutages(advance, signal));
      const started = performance.now();
      try {
        return await inSpan(`step ${state}`, {}, run);
      } finally {
        onStep(state, (performance.now() - started) / 1000);
      }
    },
    progress: async (percent) => {
      signal.throwIfAborted();
      if (performance.now() - reportedAt < REPORT_EVERY_MS) return;
      reportedAt = performance.now();
      const whole = Math.min(99, Math.max(0, Math.floor(percent)));
      const isHeld = await reportProgress(db, fence, whole).catch((error: unknown) => {
        if (isDatabaseOutage(error)) return true; // the next report can succeed
        throw error;
      });
      assertStillClaimed(isHeld);
    },
  };
}

/**
 * Checks the result of a fenced write.
 *
 * @param stillClaimed  whether the attempt still had its claim when it wrote
 * @throws AppError `claim_lost`
 */
export function assertStillClaimed(stillClaimed: boolean): void {
  if (!stillClaimed) throw new AppError("claim_lost");
}

/** The part of a job's progress, in percent, that one step covers; `at` takes a fraction from 0 to 1. */
export const progressRange = (from: number, to: number) => ({
  at: (fraction: number) => from + (to - from) * Math.min(1, Math.max(0, fraction)),
});

/**
 * Reports progress from callbacks, which cannot wait for the database.
 *
 * @returns `report`, and a `signal` that aborts with the attempt and when a report finds the claim lost
 */
export function openReporter<K extends JobKind>({ signal, progress }: Attempt<K>) {
  const lost = new AbortController();
  return {
    signal: AbortSignal.any([signal, lost.signal]),
    report: (percent: number) => {
      progress(percent).catch((error: unknown) => {
        const isLost = error instanceof AppError && error.errorCode === "claim_lost";
        if (isLost) lost.abort(error); // other failures, such as a database outage, do not stop the work
      });
    },
  };
}
