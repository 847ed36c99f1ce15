import { AppError } from "../errors";
import type { Viewer } from "../principal";
import { type AuditSender, auditChange } from "./access/audit";
import { visibleAsset } from "./access/visibility";
import { lectureSeconds } from "./assets";
import type { Sql } from "./client";
import type { DocumentStatus } from "./documents";
import type { Budgets } from "./jobs/provider-calls";
import type { LectureStatus } from "./lectures";
import { afterCursor, cursorOf, inCourses, type Page, type PageRequest, toPage } from "./page";

export type Course = {
  id: string;
  name: string;
  description: string | null;
  /** Limits of paid work instead of those of the settings. */
  budget: Budgets | null;
  /** Whether speech to text gets terms of the slides; null: as in the settings. */
  transcription_terms: boolean | null;
  created_at: string;
  updated_at: string;
};

const columns = (sql: Sql) => sql`
  id, name, description, budget, transcription_terms, created_at, updated_at`;

export async function insertCourse(
  sql: Sql,
  { name, description }: { name: string; description?: string | null | undefined },
): Promise<Course> {
  const [course] = await sql<Course[]>`
    insert into courses (name, description) values (${name}, ${description ?? null})
    returning ${columns(sql)}`;
  return course!;
}

/** The courses with these ids, or all for null; newest first. */
export async function listCourses(
  sql: Sql,
  { limit, cursor }: PageRequest,
  course_ids: readonly string[] | null,
): Promise<Page<Course>> {
  const rows = await sql<(Course & { cursor: string })[]>`
    select ${columns(sql)}, ${cursorOf(sql)} from courses
    where true ${inCourses(sql, course_ids, "id")} ${afterCursor(sql, "courses", cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  return toPage(rows, limit, "courses");
}

/** @throws AppError `course_not_found` */
export async function getCourse(sql: Sql, id: string): Promise<Course> {
  const [course] = await sql<Course[]>`select ${columns(sql)} from courses where id = ${id}`;
  if (!course) throw new AppError("course_not_found");
  return course;
}

/** The names of courses by id; deleted courses are missing. */
export async function readCourseNames(
  sql: Sql,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await sql<{ id: string; name: string }[]>`
    select id, name from courses where id = any(${[...ids]}::text[]::uuid[])`;
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/**
 * Updates the given fields only.
 *
 * @throws AppError `course_not_found`
 */
export async function updateCourse(
  sql: Sql,
  id: string,
  change: {
    name?: string | undefined;
    description?: string | null | undefined;
    budget?: Budgets | null | undefined;
    transcription_terms?: boolean | null | undefined;
  },
): Promise<Course> {
  const [course] = await sql<Course[]>`
    update courses set
      name = coalesce(${change.name ?? null}, name),
      description = ${change.description === undefined ? sql`description` : change.description},
      budget = ${change.budget === undefined ? sql`budget` : change.budget && sql.json(change.budget as never)},
      transcription_terms = ${
        change.transcription_terms === undefined
          ? sql`transcription_terms`
          : sql`${change.transcription_terms}::boolean`
      }
    where id = ${id}
    returning ${columns(sql)}`;
  if (!course) throw new AppError("course_not_found");
  return course;
}

/** Ids of PDFs that remain in the storage. */
export type Leftovers = { file_ids: string[] };

/**
 * Deletes a course with all its assets, stops their jobs and records the event of the audit: one statement.
 * Returns the PDFs that the caller must remove; cleanup removes uploaded audio.
 *
 * @throws AppError `course_not_found`
 */
export async function deleteCourse(
  sql: Sql,
  id: string,
  sender: AuditSender | null = null,
): Promise<Leftovers> {
  const [leftovers] = await sql<Leftovers[]>`
    with deleted as materialized (
      select file_ids, ${id}::text as target, ${id}::uuid as course_id from delete_course(${id})
    ),
    audited as (${auditChange(sql, "course.deleted", sender, "deleted")})
    select file_ids from deleted`;
  if (!leftovers) throw new AppError("course_not_found");
  return leftovers;
}

export type Asset = {
  id: string;
  kind: "lecture" | "document";
  title: string | null;
  status: LectureStatus | DocumentStatus;
  status_reason: string | null;
  /** Why it failed or is paused. */
  error_code: string | null;
  /** Of a lecture. */
  duration_seconds: number | null;
  /** Of a document. */
  page_count: number | null;
  progress_percent: number;
  created_at: string;
  updated_at: string;
};

/** Lectures and documents of a course together, newest first. */
export async function listAssets(
  sql: Sql,
  course_id: string,
  viewer: Viewer,
  { limit, cursor }: PageRequest,
): Promise<Page<Asset>> {
  const list = `assets ${course_id}`;
  const rows = await sql<(Asset & { cursor: string })[]>`
    select *, ${cursorOf(sql)} from (
      select l.id, 'lecture' as kind, l.title, shown_status(l.status, j.id) as status,
             shown_reason(l.status_reason, j.id) as status_reason, j.error_code,
             ${lectureSeconds(sql, "l")} as duration_seconds, null::int as page_count, j.progress_percent,
             l.created_at, greatest(l.updated_at, j.updated_at) as updated_at
      from lectures l join jobs j on j.id = l.last_job_id
      where l.course_id = ${course_id} and l.deleted_at is null ${visibleAsset(sql, viewer, "l")}
      union all
      select d.id, 'document', coalesce(d.title, d.filename), shown_status(d.status, j.id),
             shown_reason(d.status_reason, j.id), j.error_code, null, d.page_count,
             j.progress_percent, d.created_at, greatest(d.updated_at, j.updated_at)
      from documents d join jobs j on j.id = d.description_job_id
      where d.course_id = ${course_id} and d.deleted_at is null ${visibleAsset(sql, viewer, "d")}
    ) asset
    where true ${afterCursor(sql, list, cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  return toPage(rows, limit, list);
}
