import type { Sql } from "../db/client";
import { throughOutages } from "../db/outage";
import { AppError } from "../errors";
import type { Log } from "../log";
import type { AttemptOutcome } from "./attempt";
import { type ClaimedJob, postponeJob } from "./queue";
import { reportCrash } from "./supervisor";
import { endOf, type FromWorker, spawnWorker, type ToWorker } from "./worker-handle";

/** A process that was asked to stop and has not ended after this time is killed. */
const STOP_MS = 2_000;
/** The delay of the next attempt after a process could not start; the job is not at fault. */
const RETRY_SECONDS = 10;

export type QuarantineOptions = {
  sql: Sql;
  log: Log;
  /** The entry file of the process, and its environment with its settings. */
  entry: string;
  env: Record<string, string>;
  stop: AbortSignal;
  lost: AbortSignal;
  /** Receives the steps and child processes that the process reports. */
  onMessage: (message: FromWorker) => void;
  onSpawn: (pid: number, exited: Promise<unknown>) => void;
};

/**
 * Runs one attempt at a claimed job in a process that runs nothing else. Only this job can be the reason if
 * that process crashes, so the crash is charged to it.
 */
export async function runInQuarantine(
  job: ClaimedJob,
  { sql, log, entry, env, stop, lost, onMessage, onSpawn }: QuarantineOptions,
): Promise<AttemptOutcome> {
  log.info({ job_id: job.job_id }, "a job runs in quarantine");
  let ready = false;
  let outcome: AttemptOutcome | undefined;
  let killedByUs = false;
  const receive = (message: FromWorker) => {
    if (message.type === "ready") ready = true;
    else if (message.type === "outcome") outcome = message.outcome;
    else onMessage(message);
  };
  const child = spawnWorker(entry, { ...env, WORKER_CLAIM: JSON.stringify(job) }, receive);
  onSpawn(child.pid, child.exited);

  let killTimer: Timer | undefined;
  const askToStop = (message: ToWorker) => {
    if (ready) child.send(message);
    killTimer ??= setTimeout(() => {
      killedByUs = true;
      child.kill("SIGKILL");
    }, STOP_MS);
  };
  const onStop = () => askToStop({ type: "drain", graceMs: 0 });
  const onLost = () => askToStop({ type: "claim_lost", job_id: job.job_id });
  stop.addEventListener("abort", onStop, { once: true });
  lost.addEventListener("abort", onLost, { once: true });
  if (stop.aborted) onStop();
  if (lost.aborted) onLost();

  await child.exited;
  clearTimeout(killTimer);
  stop.removeEventListener("abort", onStop);
  lost.removeEventListener("abort", onLost);

  if (outcome) return outcome;
  if (lost.aborted) return "lost";
  const signal = AbortSignal.any([stop, lost]);
  const isHeld = (delaySeconds: number) =>
    throughOutages(() => postponeJob(sql, job, delaySeconds), signal);
  if (killedByUs || stop.aborted) return (await isHeld(0)) ? "handed-back" : "lost";
  if (!ready) return (await isHeld(RETRY_SECONDS)) ? "handed-back" : "lost";

  const cause = endOf(child);
  log.error({ job_id: job.job_id, cause }, "a job crashed its process in quarantine");
  return (await reportCrash(sql, job, cause, log)) ? "gave-up" : "retrying";
}

/** Reads the claim of a process in quarantine. @throws AppError `config_invalid` */
export function readClaim(json: string): ClaimedJob {
  try {
    return JSON.parse(json) as ClaimedJob;
  } catch (cause) {
    throw new AppError("config_invalid", { message: "WORKER_CLAIM is not JSON" }, { cause });
  }
}
