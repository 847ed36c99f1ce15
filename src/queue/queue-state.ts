import type { Sql } from "../db/client";

/** The whole queue in a few numbers, for health, metrics and doctor. */
export type QueueState = {
  /** Jobs that no worker runs, without the paused ones. */
  waiting: number;
  /** Jobs that continue when they are resumed, such as after a budget was raised. */
  paused: number;
  running: number;
  /** How long the oldest job that could start has waited for a worker, in seconds; null if none could. */
  oldest_pending_seconds: number | null;
  /** Failed jobs and invalid messages that wait for an operator. */
  dead_letters: number;
  /** Workers that run or start when they are needed, in all processes on all machines. */
  workers: number;
  /** Since when no job begins, after a restore; null: jobs begin. */
  held_since: string | null;
};

/** A process that has not refreshed its registration for this time has ended. */
const SILENT_SECONDS = 60;

export async function readQueueState(sql: Sql): Promise<QueueState> {
  const [state] = await sql<QueueState[]>`
    select
      (select count(*) filter (where next_attempt_at is not null and paused_at is null)::int from jobs
       where job_state not in ('completed', 'failed')) as waiting,
      (select count(*)::int from jobs
       where paused_at is not null and job_state not in ('completed', 'failed')) as paused,
      (select count(*) filter (where next_attempt_at is null)::int from jobs
       where job_state not in ('completed', 'failed')) as running,
      (select extract(epoch from max(clock_timestamp() - vt))::float8 from queued_messages
       where vt <= clock_timestamp()) as oldest_pending_seconds,
      (select count(*)::int from pgmq.q_ingest_dead) as dead_letters,
      (select coalesce(sum(alive), 0)::int from worker_processes
       where seen_at > now() - ${SILENT_SECONDS} * interval '1 second') as workers,
      (select since from queue_hold) as held_since`;
  return state!;
}

/** Whether a job could start now, and could have started `seconds` ago; false while the queue is held. */
export async function hasDueJob(sql: Sql, seconds: number): Promise<boolean> {
  // now() can use the index on vt; clock_timestamp() cannot.
  const [row] = await sql<{ is_due: boolean }[]>`
    select not exists (select from queue_hold) and exists (
      select from queued_messages where vt <= now() - ${seconds} * interval '1 second'
    ) as is_due`;
  return row!.is_due;
}
