import type { Sql } from "../db/client";
import { AppError } from "../errors";
import type { Log } from "../log";
import { type AttemptOutcome, type JobHandler, runAttempt, VISIBILITY_SECONDS } from "./attempt";
import { runLogged } from "./job-context";
import { startPollLoop } from "./poll-loop";
import { type ClaimedJob, claimJob, QUEUES } from "./queue";

const POLL_MS = 2_000;
/** Every fifth claim reads the normal queue first, so that urgent work cannot starve it. */
const NORMAL_TURN = 5;

export type Consumer = {
  /** Looks for work now. */
  wake(): void;
  /** Stops the current job, if it is this one. */
  loseClaim(job_id: string): void;
  /** Claims no more jobs; gives the current job back if it is not done within `graceMs`. */
  drain(graceMs: number): Promise<void>;
};

export type ConsumerOptions = {
  log: Log;
  /** Identifies this worker process in the claims. */
  process_id: string;
  handler: JobHandler;
  /** Runs an attempt at a quarantined job in a process of its own. */
  runQuarantined: (
    job: ClaimedJob,
    stop: AbortSignal,
    lost: AbortSignal,
  ) => Promise<AttemptOutcome>;
  onClaim: (job: ClaimedJob) => void;
  /** Called at the end of every attempt, also if its result could not be stored. Then the claim expires. */
  onRelease: () => void;
  /** Called after `onRelease` with the stored result. */
  onOutcome: (job: ClaimedJob, outcome: AttemptOutcome, seconds: number) => void;
};

/** Claims and runs one job after another until it is drained. */
export function startConsumer(sql: Sql, options: ConsumerOptions): Consumer {
  const { log, process_id, handler, runQuarantined, onClaim, onRelease, onOutcome } = options;
  const stop = new AbortController();
  let turn = 0;
  let current: { job: ClaimedJob; lost: AbortController } | null = null;

  const run = (job: ClaimedJob, lost: AbortController): Promise<AttemptOutcome> =>
    job.quarantined
      ? runQuarantined(job, stop.signal, lost.signal)
      : runAttempt(sql, job, handler, { stop: stop.signal, lost, log });

  const once = async (): Promise<boolean> => {
    turn += 1;
    const queues = turn % NORMAL_TURN === 0 ? QUEUES.toReversed() : QUEUES;
    const job = await claimJob(sql, queues, VISIBILITY_SECONDS, process_id);
    if (!job) return false;
    const started = performance.now();
    const lost = new AbortController();
    current = { job, lost };
    onClaim(job);
    const outcome = await runLogged(job, log, () => run(job, lost)).finally(() => {
      current = null;
      onRelease();
    });
    onOutcome(job, outcome, (performance.now() - started) / 1000);
    return true;
  };

  const loop = startPollLoop(once, log, POLL_MS);

  return {
    wake: loop.wake,
    loseClaim: (job_id) => {
      if (current?.job.job_id === job_id) current.lost.abort(new AppError("claim_lost"));
    },
    drain: async (graceMs) => {
      const grace = setTimeout(() => stop.abort(), graceMs);
      await loop.drain();
      clearTimeout(grace);
    },
  };
}
