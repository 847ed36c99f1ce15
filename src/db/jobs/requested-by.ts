import { currentTraceparent } from "../../tracing";
import { workContext } from "../../work-context";
import type { Sql } from "../client";

/**
 * An id as an argument of a function that creates jobs. It records the current request for these jobs, in the
 * same statement, so that the log lines and the trace of a job lead back to the request.
 */
export function requestedBy(sql: Sql, id: string) {
  const { request_id } = workContext();
  if (request_id === undefined) return sql`${id}::uuid`;
  return sql`requested_by(${request_id}, ${currentTraceparent()}, ${id}::uuid)`;
}
