import { AppError } from "../../errors";
import type { Sql } from "../client";
import { afterCursor, cursorOf, type Page, type PageRequest, toPage } from "../page";
import type { JobKind } from "./jobs";

/** `waiting`: for a worker, for a time or for a provider. `paused`: until it is resumed. */
export const JOB_ACTIVITIES = ["waiting", "running", "paused", "completed", "failed"] as const;
export type JobActivity = (typeof JOB_ACTIVITIES)[number];

/** A job as operators see it. Times are ISO 8601. */
export type JobListItem = {
  job_id: string;
  kind: JobKind;
  asset_id: string;
  course_id: string;
  title: string | null;
  activity: JobActivity;
  job_state: string;
  progress_percent: number;
  priority: "normal" | "high";
  attempt: number;
  errors: number;
  crashes: number;
  interruptions: number;
  quarantined: boolean;
  next_attempt_at: string | null;
  /** The provider whose failure delays the next attempt. */
  waiting_for: string | null;
  error_code: string | null;
  error_message: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
};

export type JobFilter = {
  activity?: JobActivity | undefined;
  kind?: JobKind | undefined;
  course_id?: string | undefined;
};

/** Jobs of assets that are not deleted, as a table `jobs` that cursors can page through. */
const listed = (sql: Sql) => sql`
  (select job.id, job.id as job_id, job.kind, job.asset_id, job.course_id,
          coalesce(l.title, d.title, d.filename) as title,
          case when job.job_state in ('completed', 'failed') then job.job_state
               when job.next_attempt_at is null then 'running'
               when job.paused_at is not null then 'paused' else 'waiting' end as activity,
          job.job_state, job.progress_percent, job.priority, job.attempt, job.errors, job.crashes,
          job.interruptions, job.quarantined,
          case when job.paused_at is null then job.next_attempt_at else job.paused_until end
            as next_attempt_at, job.waiting_for, job.error_code,
          job.error_message, job.created_at, job.started_at, job.finished_at, job.log
   from jobs job
   left join lectures l on l.id = job.lecture_id
   left join documents d on d.id = job.document_id
   where coalesce(l.deleted_at, d.deleted_at) is null) as listed_jobs`;

const columns = (sql: Sql) => sql`
  job_id, kind, asset_id, course_id, title, activity, job_state, progress_percent, priority, attempt,
  errors, crashes, interruptions, quarantined, next_attempt_at, waiting_for, error_code, error_message,
  created_at, started_at, finished_at`;

/** Newest first. An omitted filter matches every job. */
export async function listJobs(
  sql: Sql,
  { activity, kind, course_id }: JobFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<JobListItem>> {
  const rows = await sql<(JobListItem & { cursor: string })[]>`
    select ${columns(sql)}, ${cursorOf(sql)} from ${listed(sql)}
    where true
      ${activity ? sql`and activity = ${activity}` : sql``}
      ${kind ? sql`and kind = ${kind}` : sql``}
      ${course_id ? sql`and course_id = ${course_id}` : sql``}
      ${afterCursor(sql, "jobs", cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  return toPage(rows, limit, "jobs");
}

/** One attempt or another step in the history of a job. */
export type JobLogEntry = { at: string; attempt: number; outcome: string } & Record<
  string,
  unknown
>;

export type JobDetails = JobListItem & { log: JobLogEntry[] };

/**
 * A job with its history.
 *
 * @param id of the job, or of an asset for its newest job
 * @throws AppError `job_not_found`
 */
export async function getJob(sql: Sql, id: string): Promise<JobDetails> {
  const [job] = await sql<JobDetails[]>`
    select ${columns(sql)}, log from ${listed(sql)}
    where job_id = ${id} or asset_id = ${id} order by created_at desc limit 1`;
  if (!job) throw new AppError("job_not_found");
  return job;
}
