import type { Log } from "../log";
import { inSpan } from "../tracing";
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

/** Runs work in the context of a job, and in a span that continues the trace of the job's request. */
export function runInJob(
  job: ClaimedJob,
  work: () => Promise<AttemptOutcome>,
): Promise<AttemptOutcome> {
  const { job_id, asset_id, course_id, request_id, kind, attempt, traceparent } = job;
  const context = { job_id, asset_id, course_id, ...(request_id && { request_id }) };
  const attributes = {
    "lectern.job_id": job_id,
    "lectern.asset_id": asset_id,
    "lectern.course_id": course_id,
    "lectern.attempt": attempt,
  };
  const options = { kind: "consumer", attributes, parent: traceparent } as const;
  return runInContext(context, () =>
    inSpan(`job ${kind}`, options, async (span) => {
      const outcome = await work();
      span.set({ "lectern.outcome": outcome });
      return outcome;
    }),
  );
}
