import type { Sql } from "../client";

/** What identifies an attempt: a write in its name finds nothing once the job is somebody else's. */
export type Fence = { job_id: string; message_id: string; attempt: number };

/** How a job stands, whatever its kind. */
export type JobStatus = {
  job_id: string;
  job_state: string;
  progress_percent: number;
  attempt: number;
  error_code: string | null;
  error_message: string | null;
  started_at: string | null;
  finished_at: string | null;
  updated_at: string;
};

const TABLES = { lecture: "lecture_download_jobs", document: "document_jobs" } as const;
const STATES = {
  lecture: ["pending", "downloading", "transcribing", "embedding"],
  document: ["pending", "describing", "embedding"],
} as const;

export type JobKind = keyof typeof TABLES;
export type JobState<K extends JobKind> = (typeof STATES)[K][number];

/** The rows of a CTE that exists only while the attempt holds its job and its asset is not deleted. */
export function holding(sql: Sql, kind: JobKind, fence: Fence) {
  const asset = kind === "lecture" ? sql`lectures` : sql`documents`;
  return sql`
    select asset.id, asset.course_id
    from ${sql(TABLES[kind] as string)} job
    join ${asset} asset on asset.id = job.${sql(`${kind}_id` as string)}
    where job.id = ${fence.job_id} and job.message_id = ${fence.message_id}::bigint
      and job.attempt = ${fence.attempt} and job.job_state not in ('completed', 'failed')
      and asset.deleted_at is null
    for share of job, asset`;
}

/**
 * Moves a job on to a state, or leaves it where an earlier attempt had already brought it; false when
 * the job is no longer held.
 */
export async function advanceJob<K extends JobKind>(
  sql: Sql,
  kind: K,
  fence: Fence,
  state: JobState<K>,
): Promise<boolean> {
  const order = [...STATES[kind]];
  const rows = await sql`
    update ${sql(TABLES[kind] as string)} set job_state = case
      when array_position(${order}::text[], job_state) < array_position(${order}::text[], ${state}::text)
      then ${state}::text else job_state end
    where id = ${fence.job_id} and message_id = ${fence.message_id}::bigint
      and attempt = ${fence.attempt} and job_state not in ('completed', 'failed')
    returning id`;
  return rows.length > 0;
}

/** Never backwards; false when the job is no longer held. */
export async function reportProgress(
  sql: Sql,
  kind: JobKind,
  fence: Fence,
  percent: number,
): Promise<boolean> {
  const rows = await sql`
    update ${sql(TABLES[kind] as string)} set
      advanced = advanced or progress_percent < ${percent}::int,
      progress_percent = greatest(progress_percent, ${percent}::int)
    where id = ${fence.job_id} and message_id = ${fence.message_id}::bigint
      and attempt = ${fence.attempt} and job_state not in ('completed', 'failed')
    returning id`;
  return rows.length > 0;
}

/** Unfinished and failed jobs by kind and state, for the metrics. */
export async function countJobs(
  sql: Sql,
): Promise<{ kind: string; state: string; count: number }[]> {
  return sql`
    select 'lecture' as kind, job_state as state, count(*)::int as count
    from lecture_download_jobs where job_state <> 'completed' group by job_state
    union all
    select 'document', job_state, count(*)::int
    from document_jobs where job_state <> 'completed' group by job_state`;
}
