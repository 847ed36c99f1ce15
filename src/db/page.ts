import { AppError } from "../errors";
import type { Sql } from "./client";

/** One page of a list; `next_cursor` is null on the last page. */
export type Page<T> = { items: T[]; next_cursor: string | null };
export type PageRequest = { limit: number; cursor?: string };

/**
 * The cursor of a row in a list ordered by `created_at desc, id desc`. It has microseconds, which a
 * JavaScript date would round. New rows do not move the pages that follow a cursor.
 */
export const cursorOf = (sql: Sql) =>
  sql`(extract(epoch from created_at) * 1000000)::bigint || '_' || id as cursor`;

/** A time inside of JSON in the form of all other times. */
export const isoTime = (sql: Sql, column: string) =>
  sql`to_char(${sql(column)} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * `and …` that skips the rows of earlier pages.
 *
 * @param list the name of the list, which `toPage` put into the cursor
 * @throws AppError `request_invalid` for a cursor of another list
 */
export function afterCursor(sql: Sql, list: string, cursor: string | undefined) {
  if (cursor === undefined) return sql``;
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  const position = text.startsWith(`${list} `) ? text.slice(list.length + 1) : "";
  const seen = /^(\d{1,17})_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(position);
  if (!seen) {
    const fields = [{ path: "cursor", message: "not a cursor of this list" }];
    throw new AppError("request_invalid", { fields });
  }
  return sql`and (created_at, id) <
    (timestamptz 'epoch' + ${seen[1]!}::bigint * interval '1 microsecond', ${seen[2]!}::uuid)`;
}

/** `and …` that keeps the rows of these courses; null keeps all. */
export const inCourses = (
  sql: Sql,
  course_ids: readonly string[] | null,
  column: "id" | "course_id" = "course_id",
) =>
  course_ids === null ? sql`` : sql`and ${sql(column)} = any(${[...course_ids]}::text[]::uuid[])`;

/**
 * `and …` that keeps the rows of these courses; null keeps all. One course is compared with `=`, so that the
 * planner knows that the course is fixed.
 *
 * @param column the name of the column, with the alias of its table
 */
export function ofCourses(sql: Sql, course_ids: readonly string[] | null, column: string) {
  if (course_ids === null) return sql``;
  return course_ids.length === 1
    ? sql`and ${sql(column)} = ${course_ids[0]!}`
    : sql`and ${sql(column)} = any(${[...course_ids]}::text[]::uuid[])`;
}

/**
 * Makes a page of rows that were queried with `limit + 1`: the extra row means that another page follows.
 *
 * @param list the name of the list and, if it belongs to something, its id: other lists refuse its cursors
 */
export function toPage<T extends object>(
  rows: (T & { cursor: string })[],
  limit: number,
  list: string,
): Page<T> {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  const items = rows.slice(0, limit).map(({ cursor, ...row }) => row as unknown as T);
  const next_cursor = last ? Buffer.from(`${list} ${last.cursor}`).toString("base64url") : null;
  return { items, next_cursor };
}
