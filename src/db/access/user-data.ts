import { AppError } from "../../errors";
import type { Sql } from "../client";
import { isoTime } from "../page";
import { type AuditSender, auditChange } from "./audit";

export type User = {
  id: string;
  issuer: string;
  subject: string;
  email: string | null;
  display_name: string | null;
  created_at: string;
};

/** The people with this name at their issuer or this email; an omitted filter matches everyone. Newest first. */
export const findUsers = (
  sql: Sql,
  { subject, email }: { subject?: string | undefined; email?: string | undefined },
  limit: number,
): Promise<User[]> =>
  sql<User[]>`
    select id, issuer, subject, email, display_name, created_at from users
    where true ${subject === undefined ? sql`` : sql`and subject = ${subject}`}
      ${email === undefined ? sql`` : sql`and lower(email) = lower(${email})`}
    order by created_at desc, id limit ${limit}`;

/** Everything that is stored about one person. */
export type UserData = {
  user: User;
  conversations: Record<string, unknown>[];
  /** Ratings of answers. */
  feedback: Record<string, unknown>[];
  /** Personal lectures and documents. */
  assets: Record<string, unknown>[];
};

/** @throws AppError `user_not_found` */
export async function exportUser(sql: Sql, id: string): Promise<UserData> {
  const [data] = await sql<UserData[]>`
    select jsonb_build_object('id', u.id, 'issuer', u.issuer, 'subject', u.subject, 'email', u.email,
        'display_name', u.display_name, 'created_at', ${isoTime(sql, "u.created_at")}) as "user",
      (select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'course_id', s.course_id,
           'label', s.session_label, 'created_at', ${isoTime(sql, "s.created_at")}, 'messages',
           (select coalesce(jsonb_agg(jsonb_build_object('role', m.role, 'content', m.content,
              'metadata', m.metadata, 'created_at', ${isoTime(sql, "m.created_at")})
              order by m.position), '[]')
            from chat_messages m where m.session_id = s.id),
           'replaced_messages',
           (select coalesce(jsonb_agg(replaced order by b.created_at), '[]')
            from chat_branches b, jsonb_array_elements(b.messages) replaced
            where b.session_id = s.id)) order by s.created_at, s.id), '[]')
       from chat_sessions s where s.user_id = u.id) as conversations,
      (select coalesce(jsonb_agg(jsonb_build_object('message_id', f.message_id, 'citation', f.citation,
         'rating', f.rating, 'reason', f.reason, 'comment', f.comment,
         'created_at', ${isoTime(sql, "f.created_at")}) order by f.created_at, f.id), '[]')
       from message_feedback f where f.user_id = u.id) as feedback,
      (select coalesce(jsonb_agg(asset), '[]') from (
         select 'lecture' as kind, id, course_id, title from lectures
         where owner_id = u.id and deleted_at is null
         union all
         select 'document', id, course_id, coalesce(title, filename) from documents
         where owner_id = u.id and deleted_at is null) asset) as assets
    from users u where u.id = ${id}`;
  if (!data) throw new AppError("user_not_found");
  return data;
}

/**
 * Erases one person: one statement. Conversations and feedback are deleted, personal assets are deleted as by their
 * routes, and the row keeps only its id, which deleted assets refer to until maintenance removes them. Audit events get
 * one new random id instead of the person's; only the event of this deletion names the person's id.
 *
 * @throws AppError `user_not_found`
 */
export async function eraseUser(
  sql: Sql,
  id: string,
  sender: AuditSender | null = null,
): Promise<void> {
  const [erased] = await sql`
    with conversations as (delete from chat_sessions where user_id = ${id}),
    feedback as (delete from message_feedback where user_id = ${id}),
    assets as (
      select delete_asset(kind, asset_id) from (
        select 'lecture' as kind, id as asset_id from lectures
        where owner_id = ${id} and deleted_at is null
        union all
        select 'document', id from documents where owner_id = ${id} and deleted_at is null
      ) owned
    ),
    pseudonym as materialized (select gen_random_uuid() as id),
    audit as (
      update audit_events set
        user_id = case when user_id = ${id}::uuid then pseudonym.id else user_id end,
        target = case when target = ${id}::text then pseudonym.id::text else target end
      from pseudonym where user_id = ${id}::uuid or target = ${id}::text
    ),
    erased as (
      update users set issuer = 'erased', subject = id::text, email = null, display_name = null
      where id = ${id} returning id, id::text as target, null::uuid as course_id
    ),
    audited as (${auditChange(sql, "user.deleted", sender, "erased")})
    select id, (select count(*) from assets) as assets from erased`;
  if (!erased) throw new AppError("user_not_found");
}
