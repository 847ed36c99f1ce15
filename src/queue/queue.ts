import type { Sql } from "../db/client";
import type { ClaimToken, JobKind } from "../db/jobs/jobs";
import { requestedBy } from "../db/jobs/requested-by";
import type { ErrorCode } from "../errors";

/** Urgent work first; the consumer sometimes reverses the order, so that `ingest` gets its turn. */
export const QUEUES = ["ingest_high", "ingest"] as const;

/** A job that one worker holds. */
export type ClaimedJob = ClaimToken & {
  queue_name: (typeof QUEUES)[number];
  /** How often the message was read, including this time: 1 on the first attempt. */
  attempt: number;
  kind: JobKind;
  asset_id: string;
  /** Attempts that ended with a handled error. */
  errors: number;
  /** Attempts that ended with their process, without progress and alone in that process. */
  crashes: number;
  /** All attempts that ended with their process without progress. */
  interruptions: number;
  /** The job runs in a process of its own, so that a crash there has one possible cause. */
  quarantined: boolean;
  course_id: string;
  /** The HTTP request that created or retried the job. */
  request_id: string | null;
  /** The span of that request. */
  traceparent: string | null;
  /** The process that ended during the last attempt without a report; null if there was none. */
  taken_over_from: string | null;
};

/** Why a job ended or waits, as the status endpoints show it. */
export type JobReason = { code: ErrorCode; message: string };

/**
 * Claims the next job of the first queue that has one, and hides it from other workers for
 * `visibilitySeconds`. If a worker dies, its claim expires after that time, and the job is free again.
 * Inside a queue the courses take turns, one job each.
 *
 * @param process_id the worker process, to know later which jobs a crash can be charged to
 * @returns null when all queues are empty
 */
export async function claimJob(
  sql: Sql,
  queues: readonly string[],
  visibilitySeconds: number,
  process_id: string | null = null,
): Promise<ClaimedJob | null> {
  const [job] = await sql<ClaimedJob[]>`
    select * from claim_job(${[...queues]}::text[], ${visibilitySeconds}::int, ${process_id}::uuid)`;
  return job ?? null;
}

/** `had_failed`: the claim is a retry of a failed document. */
export type ClaimedDocumentJob = ClaimedJob & { kind: "document"; had_failed: boolean };

/**
 * Claims the job of one document for a request that describes its pages itself: the waiting job, a failed
 * job after a retry, or a new job for a completed document.
 *
 * @returns null while another worker holds the job, and when there is no such document
 */
export async function claimDocumentJob(
  sql: Sql,
  document_id: string,
  visibilitySeconds: number,
): Promise<ClaimedDocumentJob | null> {
  const [job] = await sql<ClaimedDocumentJob[]>`
    select (claim).*, had_failed from claim_document(${requestedBy(sql, document_id)}, ${visibilitySeconds}::int)`;
  return job ?? null;
}

/** Extends a claim to `visibilitySeconds` from now; false when the attempt no longer holds the job. */
export async function extendClaim(
  sql: Sql,
  { queue_name, message_id, attempt }: ClaimedJob,
  visibilitySeconds: number,
): Promise<boolean> {
  const [row] = await sql<{ held: boolean }[]>`
    select extend_claim(${queue_name}, ${message_id}::bigint, ${attempt}::int,
                        ${visibilitySeconds}::numeric) as held`;
  return row!.held;
}

/**
 * Gives a job back for a later attempt.
 *
 * @param error the attempt counts as an error; without it (shutdown) the attempt does not count
 * @returns false when the attempt no longer held the job
 */
export async function postponeJob(
  sql: Sql,
  { job_id, queue_name, message_id, attempt }: ClaimedJob,
  delaySeconds: number,
  error?: JobReason & { provider?: string | undefined },
): Promise<boolean> {
  const [row] = await sql<{ held: boolean }[]>`
    select postpone_job(${job_id}, ${queue_name}, ${message_id}::bigint, ${attempt}::int,
                        ${delaySeconds}::numeric, ${error?.code ?? null},
                        ${error?.message ?? null}, ${error?.provider ?? null}) as held`;
  return row!.held;
}

/** The reason why a job waits, for causes outside the job. */
export type Deferral = JobReason & {
  delaySeconds: number;
  /** The provider that it waits for; unset: the database. */
  provider?: string;
  /** Whether a call to the provider failed; false when no call was made. */
  isFailure?: boolean;
  /** The open circuit breaker of the provider allows one call in this time, in seconds. */
  probeSeconds: number;
};

/**
 * Gives a job back because of an outage; the attempt does not count.
 *
 * @returns `counted` when the provider answered other calls since the job last failed: then the cause is
 *   the job, which is unchanged; `lost` when the attempt no longer holds the job
 */
export async function deferJob(
  sql: Sql,
  { job_id, queue_name, message_id, attempt }: ClaimedJob,
  { code, message, delaySeconds, provider, isFailure = false, probeSeconds }: Deferral,
): Promise<"held" | "counted" | "lost"> {
  const [row] = await sql<{ held: "held" | "counted" | "lost" }[]>`
    select defer_job(${job_id}, ${queue_name}, ${message_id}::bigint, ${attempt}::int,
                     ${delaySeconds}::numeric, ${code}, ${message}, ${provider ?? null},
                     ${isFailure}, ${probeSeconds}::numeric) as held`;
  return row!.held;
}

/** The start of the next day in UTC, when the limits of the day begin again. */
const tomorrow = () => new Date(new Date().setUTCHours(24, 0, 0, 0)).toISOString();

/**
 * Pauses a job at the limit of a budget; the attempt does not count. A limit of the day ends with it.
 *
 * @returns false when the attempt no longer held the job
 */
export async function pauseJob(
  sql: Sql,
  { job_id, queue_name, message_id, attempt }: ClaimedJob,
  { code, message }: JobReason,
  scope: unknown,
): Promise<boolean> {
  const until = scope === "day" ? tomorrow() : null;
  const [row] = await sql<{ held: boolean }[]>`
    select pause_job(${job_id}, ${queue_name}, ${message_id}::bigint, ${attempt}::int, ${code},
                     ${message}, ${until}::timestamptz) as held`;
  return row!.held;
}

/** Ends a job and its message in one transaction; false when the attempt no longer held the job. */
export async function finishJob(
  sql: Sql,
  { job_id, queue_name, message_id, attempt }: ClaimedJob,
  state: "completed" | "failed",
  reason?: JobReason,
): Promise<boolean> {
  const [row] = await sql<{ held: boolean }[]>`
    select finish_job(${job_id}, ${queue_name}, ${message_id}::bigint, ${attempt}::int, ${state},
                      ${reason?.code ?? null}, ${reason?.message ?? null}) as held`;
  return row!.held;
}

/**
 * Records that the process of a claimed job crashed. The job fails at the third crash if that happened in
 * quarantine; otherwise it is due again at once.
 *
 * @param cause how the process ended, such as `SIGSEGV`
 * @returns whether the job failed; null when the attempt no longer held it
 */
export async function recordCrash(
  sql: Sql,
  { job_id, queue_name, message_id, attempt, quarantined }: ClaimedJob,
  cause: string,
): Promise<boolean | null> {
  const [row] = await sql<{ failed: boolean | null }[]>`
    select record_crash(${job_id}, ${queue_name}, ${message_id}::bigint, ${attempt}::int,
                        ${quarantined}, ${cause}) as failed`;
  return row!.failed;
}

/**
 * Makes jobs due that wait for a time before which the clock was set back; returns their number.
 *
 * @param visibilitySeconds  how long a claim lasts
 */
export async function correctFutureTimes(sql: Sql, visibilitySeconds: number): Promise<number> {
  const [row] = await sql<{ corrected: number }[]>`
    select correct_future_times(${visibilitySeconds}) as corrected`;
  return row!.corrected;
}

/** Sends a new message for every unfinished job without one; returns the number of such jobs. */
export async function requeueLostJobs(sql: Sql): Promise<number> {
  const [row] = await sql<{ requeued: number }[]>`select requeue_lost_jobs() as requeued`;
  return row!.requeued;
}

/**
 * Ends all claims, so that jobs of dead workers start at once. Only for a process that knows that no
 * worker is alive, such as the holder of the embedded database's lock.
 */
export async function releaseAllClaims(sql: Sql): Promise<void> {
  await sql`select release_all_claims()`;
}

export type QueueDepth = { queue_name: string; waiting: number; oldest_seconds: number | null };

/** Messages in each queue, including the dead letters, and the age of the oldest in seconds. */
export async function queueDepths(sql: Sql): Promise<QueueDepth[]> {
  return sql<QueueDepth[]>`
    select queue_name, queue_length::int as waiting, oldest_msg_age_sec as oldest_seconds
    from pgmq.metrics_all() where queue_name like 'ingest%' order by queue_name`;
}
