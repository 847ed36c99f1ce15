import type { Fragment } from "postgres";
import { AppError } from "../errors";
import type { Viewer } from "../principal";
import { type AuditSender, auditChange } from "./access/audit";
import { visibleAsset } from "./access/visibility";
import type { Sql } from "./client";
import type { JobKind } from "./jobs/jobs";
import { inCourses } from "./page";

/** Lectures and documents: what both have in common. */

export type AssetFilter = {
  course_id?: string | undefined;
  /** The courses that the caller can reach; null for all. */
  course_ids: readonly string[] | null;
  viewer: Viewer;
};

/** The condition that keeps the assets of a table that a list shows. */
export const listedAssets = (
  sql: Sql,
  table: "lectures" | "documents",
  { course_id, course_ids, viewer }: AssetFilter,
) => sql`
  deleted_at is null ${inCourses(sql, course_ids)} ${visibleAsset(sql, viewer, table)}
  ${course_id ? sql`and course_id = ${course_id}` : sql``}`;

/** The length of a lecture in seconds: of its audio, or else to the end of its last chunk; null without both. */
export const lectureSeconds = (sql: Sql, lecture: "l" | "lectures") => sql`
  coalesce(${sql(lecture)}.audio_duration_seconds, (
    select ceil(c.end_ms / 1000.0)::int from lecture_chunks c
    where c.lecture_id = ${sql(lecture)}.id order by c.chunk_index desc limit 1))`;

/**
 * Hides an asset from every read, stops its job and records the event of the audit: one statement. False
 * when there is no such asset.
 *
 * @param condition  is checked first; an asset for which it is false stays
 */
export async function deleteAsset(
  sql: Sql,
  kind: JobKind,
  id: string,
  sender: AuditSender | null = null,
  condition: Fragment = sql`true`,
): Promise<boolean> {
  const rows = await sql`
    with attempt as materialized (
      select case when ${condition} then delete_asset(${kind}, ${id}) else false end as is_deleted
    ),
    deleted as materialized (
      select a.id::text as target, a.course_id from attempt, ${sql(`${kind}s`)} a
      where is_deleted and a.id = ${id}
    ),
    audited as (${auditChange(sql, "asset.deleted", sender, "deleted", { kind })})
    select target from deleted`;
  return rows.length > 0;
}

/**
 * For `catch` after an insert that names a course: the course can be deleted between the check and the
 * insert.
 *
 * @throws AppError `course_not_found` for a violated foreign key; any other error unchanged
 */
export function throwCourseMissing(error: unknown): never {
  const violation = error instanceof Error && "code" in error && error.code === "23503";
  throw violation ? new AppError("course_not_found") : error;
}

/**
 * For `catch` after a statement that sets the owner of an asset.
 *
 * @throws AppError `user_not_found` if no user has that id; any other error unchanged
 */
export function throwOwnerMissing(error: unknown): never {
  const constraint =
    error instanceof Error && "constraint_name" in error && String(error.constraint_name);
  throw constraint && /_owner_id_fkey$/.test(constraint) ? new AppError("user_not_found") : error;
}
