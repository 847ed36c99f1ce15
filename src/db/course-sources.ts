import { AppError } from "../errors";
import type { Sql } from "./client";

export type SourceKind = "folder" | "feed" | "list";

/** A recording as its source lists it. */
export type ListedRecording = {
  session_id: string;
  /** The address of its viewer. */
  url: string;
  title: string | null;
  duration_ms: number | null;
  /** ISO 8601. */
  recorded_at: string | null;
};

export type CourseSource = {
  id: string;
  course_id: string;
  kind: SourceKind;
  url: string;
  title: string | null;
  transcription: boolean;
  /** Students see the imported lectures from then on; null: at once. */
  visible_from: string | null;
  sync_every_hours: number | null;
  /** `waiting` for a synchronisation that is due or planned to be repeated. */
  state: "waiting" | "syncing" | "ready" | "failed";
  error_code: string | null;
  error_message: string | null;
  last_synced_at: string | null;
  next_sync_at: string | null;
  /** Recordings: found in the source, imported as lectures, and their lectures by result. */
  counts: {
    found: number;
    imported: number;
    completed: number;
    failed: number;
    deleted: number;
  };
  created_at: string;
  updated_at: string;
};

export type SourceRecording = ListedRecording & {
  lecture_id: string | null;
  /** The status of the lecture; `found` before the import, `refused` after a failed one, `deleted`. */
  status: string;
  error_code: string | null;
  error_message: string | null;
};

const statusOf = (sql: Sql) => sql`
  case when r.lecture_id is not null and l.id is null then 'deleted'
       when l.id is not null then shown_status(l.status, l.last_job_id)
       when r.error_code is not null then 'refused' else 'found' end`;

const columns = (sql: Sql) => sql`
  s.id, s.course_id, s.kind, s.url, s.title, s.transcription, s.visible_from, s.sync_every_hours,
  case when s.claimed_until > now() then 'syncing'
       when s.next_sync_at <= now() then 'waiting'
       when s.error_code is not null then 'failed'
       else 'ready' end as state,
  s.error_code, s.error_message, s.last_synced_at, s.next_sync_at,
  (select jsonb_build_object(
     'found', count(*), 'imported', count(r.lecture_id),
     'completed', count(*) filter (where l.status = 'completed'),
     'failed', count(*) filter (where l.status = 'failed' or r.error_code is not null),
     'deleted', count(*) filter (where r.lecture_id is not null and l.id is null))
   from source_recordings r left join lectures l on l.id = r.lecture_id and l.deleted_at is null
   where r.source_id = s.id) as counts,
  s.created_at, s.updated_at`;

export type NewCourseSource = Pick<
  CourseSource,
  "course_id" | "kind" | "url" | "title" | "transcription" | "visible_from" | "sync_every_hours"
> & {
  /** The recordings of a list; empty for others, which are read later. */
  recordings: ListedRecording[];
};

/**
 * Inserts a source, or finds the one with this address, and makes its synchronisation due: one statement.
 *
 * @throws AppError `course_not_found`
 */
export async function requestSource(
  sql: Sql,
  source: NewCourseSource,
): Promise<{ id: string; created: boolean }> {
  const { course_id, kind, url, title, transcription, sync_every_hours, recordings } = source;
  const { visible_from } = source;
  const [row] = await sql<{ id: string; created: boolean }[]>`
    with requested as (
      insert into course_sources as s
        (course_id, kind, url, title, transcription, visible_from, sync_every_hours)
      select id, ${kind}, ${url}, ${title}, ${transcription}, ${visible_from}::timestamptz,
             ${sync_every_hours}::int
      from courses where id = ${course_id}
      on conflict (course_id, url) do update set next_sync_at = now()
      returning id, xmax = 0 as created
    ),
    listed as (
      insert into source_recordings (source_id, session_id, url, title, duration_ms, recorded_at)
      select requested.id, r.session_id, r.url, r.title, r.duration_ms, r.recorded_at
      from requested, ${recordset(sql, recordings)}
      on conflict do nothing
    )
    select id, created from requested`;
  if (!row) throw new AppError("course_not_found");
  return row;
}

const recordset = (sql: Sql, recordings: ListedRecording[]) => sql`
  jsonb_to_recordset(${sql.json(recordings)}) as r (
    session_id text, url text, title text, duration_ms bigint, recorded_at timestamptz)`;

/** Newest first. */
export const listSources = (sql: Sql, course_id: string): Promise<CourseSource[]> =>
  sql<CourseSource[]>`
    select ${columns(sql)} from course_sources s where s.course_id = ${course_id}
    order by s.created_at desc, s.id desc`;

/** @throws AppError `source_not_found` */
export async function getSource(
  sql: Sql,
  course_id: string,
  id: string,
): Promise<CourseSource & { recordings: SourceRecording[] }> {
  const [source] = await sql<CourseSource[]>`
    select ${columns(sql)} from course_sources s
    where s.id = ${id} and s.course_id = ${course_id}`;
  if (!source) throw new AppError("source_not_found");
  const recordings = await sql<SourceRecording[]>`
    select r.session_id, r.url, r.title, r.duration_ms::float8 as duration_ms, r.recorded_at,
           r.lecture_id, ${statusOf(sql)} as status, r.error_code, r.error_message
    from source_recordings r
    left join lectures l on l.id = r.lecture_id and l.deleted_at is null
    where r.source_id = ${id} order by r.recorded_at nulls last, r.title, r.session_id`;
  return { ...source, recordings };
}

/** Changes the interval. @throws AppError `source_not_found` */
export async function updateSource(
  sql: Sql,
  course_id: string,
  id: string,
  sync_every_hours: number | null,
): Promise<void> {
  const [updated] = await sql`
    update course_sources set sync_every_hours = ${sync_every_hours}::int,
      next_sync_at = case when next_sync_at <= now() then next_sync_at
        else coalesce(last_synced_at, now()) + ${sync_every_hours}::int * interval '1 hour' end
    where id = ${id} and course_id = ${course_id} returning id`;
  if (!updated) throw new AppError("source_not_found");
}

/** Makes the next synchronisation due. @throws AppError `source_not_found` */
export async function hurrySource(sql: Sql, course_id: string, id: string): Promise<void> {
  const [updated] = await sql`
    update course_sources set next_sync_at = now()
    where id = ${id} and course_id = ${course_id} returning id`;
  if (!updated) throw new AppError("source_not_found");
}

/** Deletes a source; its lectures stay. @throws AppError `source_not_found` */
export async function deleteSource(sql: Sql, course_id: string, id: string): Promise<void> {
  const [deleted] = await sql`
    delete from course_sources where id = ${id} and course_id = ${course_id} returning id`;
  if (!deleted) throw new AppError("source_not_found");
}

/** A source whose synchronisation this process has claimed. */
export type ClaimedSource = Pick<
  CourseSource,
  "id" | "course_id" | "kind" | "url" | "transcription" | "visible_from"
> & { claim: string };

/** Claims one source that is due; undefined without one. */
export async function claimSource(
  sql: Sql,
  leaseSeconds: number,
): Promise<ClaimedSource | undefined> {
  const [claimed] = await sql<ClaimedSource[]>`
    update course_sources set claim = gen_random_uuid(),
      claimed_until = now() + ${leaseSeconds} * interval '1 second'
    where id = (
      select id from course_sources
      where next_sync_at <= now() and (claimed_until is null or claimed_until <= now())
        and not exists (select from queue_hold)
      order by next_sync_at, id limit 1 for update skip locked)
    returning id, course_id, kind, url, transcription, visible_from, claim`;
  return claimed;
}

/** Stores the recordings that a source lists now. Those that it no longer lists stay. */
export async function storeRecordings(
  sql: Sql,
  source_id: string,
  recordings: ListedRecording[],
): Promise<void> {
  await sql`
    insert into source_recordings (source_id, session_id, url, title, duration_ms, recorded_at)
    select s.id, r.session_id, r.url, r.title, r.duration_ms, r.recorded_at
    from course_sources s, ${recordset(sql, recordings)}
    where s.id = ${source_id}
    on conflict (source_id, session_id) do update set
      url = excluded.url, title = excluded.title, duration_ms = excluded.duration_ms,
      recorded_at = excluded.recorded_at`;
}

/** The recordings without a lecture, oldest first. */
export const listNewRecordings = (sql: Sql, source_id: string): Promise<ListedRecording[]> =>
  sql<ListedRecording[]>`
    select session_id, url, title, duration_ms::float8 as duration_ms, recorded_at
    from source_recordings where source_id = ${source_id} and lecture_id is null
    order by recorded_at nulls last, session_id`;

/**
 * Records the result for one recording and extends the claim.
 *
 * @returns false if the claim was lost or the source was deleted
 */
export async function recordImport(
  sql: Sql,
  { id, claim }: ClaimedSource,
  session_id: string,
  result: { lecture_id: string } | { error_code: string; error_message: string },
  leaseSeconds: number,
): Promise<boolean> {
  const { lecture_id, error_code, error_message } = {
    lecture_id: null,
    error_code: null,
    error_message: null,
    ...result,
  };
  const [held] = await sql`
    with held as (
      update course_sources set claimed_until = now() + ${leaseSeconds} * interval '1 second'
      where id = ${id} and claim = ${claim} returning id
    )
    update source_recordings r set lecture_id = ${lecture_id}::uuid, error_code = ${error_code},
      error_message = ${error_message}
    from held where r.source_id = held.id and r.session_id = ${session_id}
    returning r.source_id`;
  return held !== undefined;
}

/**
 * Ends a synchronisation and plans the next.
 *
 * @param retrySeconds after a failure that can pass; otherwise the interval of the source counts
 */
export async function finishSync(
  sql: Sql,
  { id, claim }: ClaimedSource,
  failure: { code: string; message: string; retrySeconds: number | null } | null,
): Promise<void> {
  await sql`
    update course_sources set claim = null, claimed_until = null,
      error_code = ${failure?.code ?? null}, error_message = ${failure?.message ?? null},
      last_synced_at = case when ${failure === null} then now() else last_synced_at end,
      next_sync_at = coalesce(now() + ${failure?.retrySeconds ?? null}::float8 * interval '1 second',
                              now() + sync_every_hours * interval '1 hour')
    where id = ${id} and claim = ${claim}`;
}

/** Ends a claim without a result, so that another process continues at once. */
export async function releaseSource(sql: Sql, { id, claim }: ClaimedSource): Promise<void> {
  await sql`
    update course_sources set claim = null, claimed_until = null
    where id = ${id} and claim = ${claim}`;
}
