import type { Sql } from "../db/client";
import type { ErrorCode } from "../errors";

export type JobKind = "lecture" | "document";

/** Urgent work first; `ingest` keeps its turn through the consumer's rotation. */
export const QUEUES = ["ingest_high", "ingest"] as const;

/**
 * One job in the hands of one worker. `message_id` and `attempt` are its fencing token: every write
 * in its name states them, and finds nothing once somebody else holds the job.
 */
export type Claim = {
  queue_name: (typeof QUEUES)[number];
  message_id: string;
  /** How often the message has been read, this time included: 1 on the first attempt. */
  attempt: number;
  kind: JobKind;
  job_id: string;
  asset_id: string;
  /** Attempts that ended in a handled error, and those that were given back unharmed. */
  errors: number;
  handed_back: number;
  sent_at: string;
};

/** Why a job ended or waits, as callers of the status endpoint read it. */
export type Reason = { code: ErrorCode; message: string };

/**
 * Claims the next job of the first queue that has one, and hides it from others for
 * `visibilitySeconds`. A worker that dies lets that time run out, and the job becomes free again.
 */
export async function claim(
  sql: Sql,
  queues: readonly string[],
  visibilitySeconds: number,
): Promise<Claim | null> {
  const [claimed] = await sql<Claim[]>`
    select * from claim_job(${[...queues]}::text[], ${visibilitySeconds}::int)`;
  return claimed ?? null;
}

/** Keeps a claim for another while; false when it is no longer ours. */
export async function extend(sql: Sql, held: Claim, visibilitySeconds: number): Promise<boolean> {
  const [row] = await sql<{ ours: boolean }[]>`
    select extend_claim(${held.queue_name}, ${held.message_id}::bigint, ${held.attempt}::int,
                        ${visibilitySeconds}::numeric) as ours`;
  return row!.ours;
}

/**
 * Leaves a job for a later attempt; false when it was no longer ours to leave.
 *
 * @param outcome `error` counts against the job's attempts; `wait` and `handed_back` do not
 */
export async function postpone(
  sql: Sql,
  held: Claim,
  delaySeconds: number,
  outcome: "error" | "wait" | "handed_back",
  reason?: Reason,
): Promise<boolean> {
  const [row] = await sql<{ ours: boolean }[]>`
    select postpone_job(${held.kind}, ${held.job_id}, ${held.queue_name}, ${held.message_id}::bigint,
                        ${held.attempt}::int, ${delaySeconds}::numeric, ${outcome},
                        ${reason?.code ?? null}, ${reason?.message ?? null}) as ours`;
  return row!.ours;
}

/** Ends a job and its message in one transaction; false when it was no longer ours to end. */
export async function finish(
  sql: Sql,
  held: Claim,
  state: "completed" | "failed",
  reason?: Reason,
): Promise<boolean> {
  const [row] = await sql<{ ours: boolean }[]>`
    select finish_job(${held.kind}, ${held.job_id}, ${held.queue_name}, ${held.message_id}::bigint,
                      ${held.attempt}::int, ${state},
                      ${reason?.code ?? null}, ${reason?.message ?? null}) as ours`;
  return row!.ours;
}

/** Gives every unfinished job whose message is gone a new one; answers how many there were. */
export async function requeueLostJobs(sql: Sql): Promise<number> {
  const [row] = await sql<{ requeued: number }[]>`select requeue_lost_jobs() as requeued`;
  return row!.requeued;
}

/**
 * Makes every claimed job free again. Only for a process that knows no worker to be alive, such as the
 * one that holds the embedded database's lock: it need not wait for the claims of a crash to run out.
 */
export async function freeClaims(sql: Sql): Promise<void> {
  await sql`select free_claims()`;
}

export type QueueDepth = { queue_name: string; waiting: number; oldest_seconds: number | null };

/** What waits in each queue, the dead letters included. */
export async function queueDepths(sql: Sql): Promise<QueueDepth[]> {
  return sql<QueueDepth[]>`
    select queue_name, queue_length::int as waiting, oldest_msg_age_sec as oldest_seconds
    from pgmq.metrics_all() where queue_name like 'ingest%' order by queue_name`;
}
