import { AppError } from "../../errors";
import { createApiKey } from "../../text/api-key";
import type { Sql } from "../client";
import { type AuditSender, auditKeyChange } from "./audit";

/** A link that opens the chat of one course without a login. Its secret is stored as a hash only. */
export type ShareLink = {
  key_id: string;
  name: string;
  course_id: string;
  expires_at: string;
  revoked_at: string | null;
  last_used_at: string | null;
  created_at: string;
};

/** The issuer of the users that own the conversations of a link. No OIDC issuer can have this name. */
const ISSUER = "share-link";

const columns = (sql: Sql) => sql`
  key_id, name, course_ids[1] as course_id, expires_at, revoked_at, last_used_at, created_at`;

/**
 * Creates a key with the scopes read and chat for one course, and the user who owns the conversations of
 * the link, with an audit event: one statement.
 *
 * @throws AppError `course_not_found`
 */
export async function insertShareLink(
  sql: Sql,
  { name, course_id, hours }: { name: string; course_id: string; hours: number },
  sender: AuditSender,
): Promise<ShareLink & { key: string }> {
  const { key, key_id, hashed_key } = createApiKey();
  const [created] = await sql<ShareLink[]>`
    with course as (select id from courses where id = ${course_id}),
    visitor as (
      insert into users (issuer, subject) select ${ISSUER}, ${key_id} from course returning id
    ),
    created as (
      insert into api_keys
        (name, key_id, hashed_key, scopes, course_ids, expires_at, link_user_id)
      select ${name}, ${key_id}, ${hashed_key}, array['read', 'chat'], array[course.id],
             now() + ${hours} * interval '1 hour', visitor.id
      from course, visitor
      returning ${columns(sql)}
    ),
    audited as (${auditKeyChange(sql, "share_link.created", sender, "created", { course_id: "course_id" })})
    select * from created`;
  if (!created) throw new AppError("course_not_found");
  return { ...created, key };
}

/** The links of a course, newest first, with the revoked and expired ones. */
export const listShareLinks = (sql: Sql, course_id: string): Promise<ShareLink[]> =>
  sql<ShareLink[]>`
    select ${columns(sql)} from api_keys
    where link_user_id is not null and course_ids = array[${course_id}::uuid]
    order by created_at desc, key_id`;

/**
 * Ends a link at once and stores an audit event: one statement. Revoking a revoked link changes nothing.
 *
 * @param course_ids the courses that the caller can reach; null for all
 * @throws AppError `key_not_found`
 */
export async function revokeShareLink(
  sql: Sql,
  key_id: string,
  course_ids: readonly string[] | null,
  sender: AuditSender,
): Promise<void> {
  const inCourses =
    course_ids === null ? sql`` : sql`and course_ids <@ ${[...course_ids]}::text[]::uuid[]`;
  const [revoked] = await sql`
    with revoked as (
      update api_keys set revoked_at = coalesce(revoked_at, now())
      where key_id = ${key_id} and link_user_id is not null ${inCourses}
      returning key_id, course_ids[1] as course_id
    ),
    audited as (${auditKeyChange(sql, "share_link.revoked", sender, "revoked", { course_id: "course_id" })})
    select key_id from revoked`;
  if (!revoked) throw new AppError("key_not_found");
}
