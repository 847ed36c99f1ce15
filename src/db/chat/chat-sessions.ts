import { AppError } from "../../errors";
import type { ConversationOwner, Viewer } from "../../principal";
import { type AuditSender, auditChange } from "../access/audit";
import type { Sql } from "../client";
import { afterCursor, cursorOf, type Page, type PageRequest, toPage } from "../page";
import { type ChatMessage, messagesOf, ofOwner, showMessages } from "./chat";

export type ChatSession = {
  id: string;
  course_id: string;
  thread_id: string | null;
  session_label: string | null;
  created_at: string;
  updated_at: string;
};

export type SessionSummary = ChatSession & {
  message_count: number;
  last_message: { role: string; excerpt: string; created_at: string } | null;
};

const sessionColumns = (sql: Sql) =>
  sql`s.id, s.course_id, s.thread_id, s.session_label, s.created_at, s.updated_at`;

/**
 * The conversations of an owner in a course, newest first, each with the first 200 characters of its last
 * message.
 */
export async function listSessions(
  sql: Sql,
  course_id: string,
  owner: ConversationOwner,
  { limit, cursor }: PageRequest,
): Promise<Page<SessionSummary>> {
  const rows = await sql<(SessionSummary & { cursor: string })[]>`
    select *, ${cursorOf(sql)} from (
      select ${sessionColumns(sql)}, counted.message_count, last.message as last_message
      from chat_sessions s
      cross join lateral (
        select count(*)::int as message_count from chat_messages where session_id = s.id
      ) counted
      left join lateral (
        select jsonb_build_object('role', role, 'excerpt', left(content, 200),
                                  'created_at', to_char(created_at at time zone 'utc',
                                    'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as message
        from chat_messages where session_id = s.id and content <> ''
        order by position desc limit 1
      ) last on true
      where s.course_id = ${course_id} ${ofOwner(sql, owner)}
    ) session
    where true ${afterCursor(sql, `sessions ${course_id}`, cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  return toPage(rows, limit, `sessions ${course_id}`);
}

/** @throws AppError `session_not_found` */
export async function getSession(
  sql: Sql,
  id: string,
  viewer: Viewer,
): Promise<ChatSession & { messages: ChatMessage[] }> {
  const [session] = await sql<(ChatSession & { messages: ChatMessage[] })[]>`
    select ${sessionColumns(sql)}, ${messagesOf(sql, id)} as messages
    from chat_sessions s where s.id = ${id}`;
  if (!session) throw new AppError("session_not_found");
  return { ...session, messages: await showMessages(sql, viewer, session.messages) };
}

/**
 * The courses that have a thread with this id or client's name, at most two. Only threads and courses that
 * the caller can reach count.
 *
 * @param course_ids null for all courses
 */
export async function findCoursesOfThread(
  sql: Sql,
  thread: { session_id: string } | { thread_id: string },
  { owner, course_ids }: { owner: ConversationOwner; course_ids: readonly string[] | null },
): Promise<string[]> {
  const isThread =
    "session_id" in thread
      ? sql`s.id = ${thread.session_id}`
      : sql`s.thread_id = ${thread.thread_id}`;
  const rows = await sql<{ course_id: string }[]>`
    select distinct s.course_id from chat_sessions s
    where ${isThread} ${ofOwner(sql, owner)}
      ${course_ids ? sql`and s.course_id = any(${[...course_ids]}::uuid[])` : sql``}
    limit 2`;
  return rows.map(({ course_id }) => course_id);
}

/** @throws AppError `session_not_found` */
export async function renameSession(
  sql: Sql,
  id: string,
  session_label: string,
): Promise<ChatSession> {
  const [session] = await sql<ChatSession[]>`
    update chat_sessions s set session_label = ${session_label} where s.id = ${id}
    returning ${sessionColumns(sql)}`;
  if (!session) throw new AppError("session_not_found");
  return session;
}

/**
 * Deletes a conversation permanently and records the event of the audit: one statement.
 *
 * @throws AppError `session_not_found`
 */
export async function deleteSession(
  sql: Sql,
  id: string,
  sender: AuditSender | null = null,
): Promise<void> {
  const [deleted] = await sql`
    with deleted as (
      delete from chat_sessions where id = ${id} returning id::text as target, course_id
    ),
    audited as (${auditChange(sql, "session.deleted", sender, "deleted")})
    select target from deleted`;
  if (!deleted) throw new AppError("session_not_found");
}
