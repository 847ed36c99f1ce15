import { AppError } from "../errors";
import type { Sql } from "./client";
import type { JobKind } from "./jobs/jobs";

/** Lectures and documents: what both have in common. */

/** Hides an asset from every read and stops its job; false when there is no such asset. */
export async function deleteAsset(sql: Sql, kind: JobKind, id: string): Promise<boolean> {
  const [row] = await sql<{ deleted: boolean }[]>`select delete_asset(${kind}, ${id}) as deleted`;
  return row!.deleted;
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
