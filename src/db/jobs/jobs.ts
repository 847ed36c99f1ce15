import type { Sql } from "../client";

/**
 * Identifies one attempt at a job. Every write of the attempt states it, and changes nothing once another
 * worker holds the job.
 */
export type ClaimToken = { job_id: string; message_id: string; attempt: number };

/** The state of a job of any kind. Times are ISO 8601. */
export type JobStatus = {
  job_id: string;
  job_state: string;
  progress_percent: number;
  attempt: number;
  /** The job ended its process before, so it runs in a process of its own. */
  quarantined: boolean;
  /** When the next attempt can start; null while one is running and after the last one. */
  next_attempt_at: string | null;
  /** The provider that the next attempt waits for. */
  waiting_for: string | null;
  error_code: string | null;
  error_message: string | null;
  started_at: string | null;
  finished_at: string | null;
  updated_at: string;
};

/** The state of `jobs j` as users see it. */
export const shownState = (sql: Sql) =>
  sql`case when j.paused_at is null then j.job_state else 'paused' end as job_state`;

/** The time at which `jobs j` continues, and the reason for its wait. A paused job waits until it is resumed. */
export const waitColumns = (sql: Sql) => sql`
  case when j.paused_at is null then j.next_attempt_at else j.paused_until end as next_attempt_at,
  j.waiting_for`;

const STATES = {
  lecture: ["pending", "downloading", "transcribing", "embedding"],
  document: ["pending", "describing", "embedding"],
} as const;

export type JobKind = keyof typeof STATES;
export type JobState<K extends JobKind> = (typeof STATES)[K][number];

/**
 * The query of a CTE `claimed (id, course_id)`: the asset, if the attempt still holds its job and the
 * asset is not deleted; else no row. Locks both rows until the statement ends.
 */
export function claimedAsset(sql: Sql, kind: JobKind, token: ClaimToken) {
  const assets = kind === "lecture" ? sql`lectures` : sql`documents`;
  return sql`
    select asset.id, asset.course_id
    from jobs job join ${assets} asset on asset.id = job.asset_id
    where ${isHeldBy(sql, token)} and asset.deleted_at is null
    for share of job, asset`;
}

/** A condition on `jobs job`: the attempt holds the job. */
const isHeldBy = (sql: Sql, { job_id, message_id, attempt }: ClaimToken) => sql`
  job.id = ${job_id} and job.message_id = ${message_id}::bigint and job.attempt = ${attempt}
  and job.job_state not in ('completed', 'failed')`;

/**
 * Sets the state of a job, unless an earlier attempt reached a later state.
 *
 * @returns false when the attempt no longer holds the job
 */
export async function advanceJob<K extends JobKind>(
  sql: Sql,
  kind: K,
  token: ClaimToken,
  state: JobState<K>,
): Promise<boolean> {
  const order = [...STATES[kind]];
  const rows = await sql`
    update jobs job set job_state = case
      when array_position(${order}::text[], job_state) < array_position(${order}::text[], ${state}::text)
      then ${state}::text else job_state end
    where ${isHeldBy(sql, token)}
    returning id`;
  return rows.length > 0;
}

/**
 * Stores the progress of a job in percent; a lower value than the stored one is ignored. The commit is
 * not synced by itself, because a power failure costs only the newest percent.
 *
 * @returns false when the attempt no longer holds the job
 */
export async function reportProgress(
  sql: Sql,
  token: ClaimToken,
  percent: number,
): Promise<boolean> {
  const rows = await sql`
    update jobs job set
      made_progress = made_progress or progress_percent < ${percent}::int,
      progress_percent = greatest(progress_percent, ${percent}::int)
    where ${isHeldBy(sql, token)}
    returning id, set_config('synchronous_commit', 'off', true)`;
  return rows.length > 0;
}

/** Those of the jobs that have not completed; a failed job can be retried. */
export async function listIncompleteJobs(sql: Sql, job_ids: readonly string[]): Promise<string[]> {
  if (job_ids.length === 0) return [];
  const rows = await sql<{ id: string }[]>`
    select id from jobs where id = any(${[...job_ids]}::uuid[]) and job_state <> 'completed'`;
  return rows.map(({ id }) => id);
}
