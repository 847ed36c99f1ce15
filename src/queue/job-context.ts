import type { Log } from "../log";
import { runInContext } from "../work-context";
import type { AttemptOutcome } from "./attempt";
import type { ClaimedJob } from "./queue";

/**
 * Runs an attempt in the context of its job, so that every log line has its ids, and logs its start and its end.
 *
 * @param attempt  must not throw; an error is logged as the end of the attempt and passed on
 */
export function runLogged(
  job: ClaimedJob,
  log: Log,
  attempt: () => Promise<AttemptOutcome>,
): Promise<AttemptOutcome> {
  return runInJob(job, async () => {
    const { kind, attempt: number, quarantined, taken_over_from } = job;
    const fields = { kind, attempt: number };
    if (taken_over_from) {
      log.warn({ ...fields, taken_over_from }, "job taken over from a worker that ended");
    }
    log.info({ ...fields, ...(quarantined && { quarantined }) }, "job started");
    const started = performance.now();
    const elapsedMs = () => Math.round(performance.now() - started);
    try {
      const outcome = await attempt();
      log.info({ ...fields, outcome, duration_ms: elapsedMs() }, "job ended");
      return outcome;
    } catch (err) {
      log.warn({ ...fields, err, duration_ms: elapsedMs() }, "the result of a job was not stored");
      throw err;
    }
  });
}

/** Runs work in the context of a job. */
export function runInJob<T>(job: ClaimedJob, work: () => T): T {
  const { job_id, asset_id, course_id, request_id } = job;
  return runInContext({ job_id, asset_id, course_id, ...(request_id && { request_id }) }, work);
}
