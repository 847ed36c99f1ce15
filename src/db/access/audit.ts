import type { Sql } from "../client";
import { afterCursor, cursorOf, type Page, type PageRequest, toPage } from "../page";

export const AUDIT_EVENT_TYPES = [
  "auth.denied",
  "key.created",
  "key.rotated",
  "key.revoked",
  "share_link.created",
  "share_link.revoked",
  "webhook.created",
  "webhook.changed",
  "webhook.rotated",
  "webhook.deleted",
  "file.signed",
  "backup.started",
  "embeddings.deleted",
  "course.deleted",
  "asset.deleted",
  "session.deleted",
  "session.exported",
  "feedback.exported",
  "user.deleted",
  "user.exported",
  "budget.changed",
  "budget.overridden",
  "transcript.corrected",
  "transcript.correction_undone",
  "exam.accepted",
] as const;
export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number];

/** The facts of an event. Keys, questions and texts of a course are never part of it. */
export type NewAuditEvent = {
  event_type: AuditEventType;
  key_id: string | null;
  user_id: string | null;
  /** Only of refused requests without a known key or user. */
  address: string | null;
  /** The pattern of the route, such as `DELETE /api/courses/:id`, or the command. */
  route: string | null;
  request_id: string | null;
  /** Null: the course of the asset `target`, if that is an asset. */
  course_id: string | null;
  /** The id of the key, asset, conversation, user or exam that the event is about. */
  target: string | null;
  details: Record<string, unknown>;
  /** Number of refused requests in the row; 1 for other events. */
  count: number;
  /** For refused requests: the start of their minute, as ISO 8601. Null: now. */
  created_at: string | null;
};

/** An event as administrators see it. */
export type AuditEvent = Omit<NewAuditEvent, "created_at"> & {
  id: string;
  /** Null for a request without a key, and for BOOTSTRAP_API_KEY. */
  key_name: string | null;
  created_at: string;
};

/** Who makes a change. */
export type AuditSender = Pick<NewAuditEvent, "key_id" | "user_id" | "route" | "request_id">;

/**
 * `insert …` of an event for each row of `changed`, as a part of the statement that makes the change: no
 * change without its event.
 *
 * @param changed a CTE with the column `key_id`, the key that is changed
 * @param more columns of the event from that CTE
 */
export const auditKeyChange = (
  sql: Sql,
  event_type: AuditEventType,
  { key_id, user_id, route, request_id }: AuditSender,
  changed: string,
  more: { course_id?: string; details?: Record<string, unknown> } = {},
) => sql`
  insert into audit_events
    (event_type, key_id, user_id, route, request_id, course_id, target, details)
  select ${event_type}, ${key_id}, ${user_id}::uuid, ${route}, ${request_id},
         ${more.course_id ? sql(more.course_id) : sql`null::uuid`}, key_id,
         ${JSON.stringify(more.details ?? {})}::text::jsonb
  from ${sql(changed)}`;

/**
 * `insert …` of an event for each row of `changed`, as a part of the statement that makes the change, such as a deletion:
 * no change without its event.
 *
 * @param sender  null: no event, as for data that a command made itself
 * @param changed  a CTE with the columns `target` and `course_id`; without a row nothing was changed
 */
export const auditChange = (
  sql: Sql,
  event_type: AuditEventType,
  sender: AuditSender | null,
  changed: string,
  details: Record<string, unknown> = {},
) => sql`
  insert into audit_events
    (event_type, key_id, user_id, route, request_id, course_id, target, details)
  select ${event_type}, ${sender?.key_id ?? null}, ${sender?.user_id ?? null}::uuid,
         ${sender?.route ?? null}, ${sender?.request_id ?? null}, course_id, target,
         ${JSON.stringify(details)}::text::jsonb
  from ${sql(changed)} where ${sender !== null}`;

/** Stores events: one statement. Refused requests are added to the row of their sender, reason and minute. */
export async function insertAuditEvents(sql: Sql, events: NewAuditEvent[]): Promise<void> {
  await sql`
    insert into audit_events
      (event_type, key_id, user_id, address, route, request_id, course_id, target, details, count, created_at)
    select e.event_type, e.key_id, e.user_id, e.address, e.route, e.request_id,
           coalesce(e.course_id, (
             select p.course_id from processing_events p
             where e.event_type in ('asset.deleted', 'budget.overridden')
               and p.asset_id = e.target::uuid and p.course_id is not null
             order by p.id desc limit 1)),
           e.target, e.details, e.count, coalesce(e.created_at, now())
    from jsonb_to_recordset(${JSON.stringify(events)}::text::jsonb) as e (
      event_type text, key_id text, user_id uuid, address text, route text, request_id text,
      course_id uuid, target text, details jsonb, count integer, created_at timestamptz)
    on conflict (created_at, key_id, user_id, address, (details ->> 'code'))
      where event_type = 'auth.denied'
      do update set count = audit_events.count + excluded.count`;
}

export type AuditFilter = {
  event_type?: AuditEventType | undefined;
  key_id?: string | undefined;
  /** The sender, or the person that the event is about. */
  user_id?: string | undefined;
  course_id?: string | undefined;
  /** ISO 8601, inclusive. */
  since?: string | undefined;
  /** ISO 8601, exclusive. */
  until?: string | undefined;
};

/** Newest first. An omitted filter matches every event. */
export async function listAuditEvents(
  sql: Sql,
  { event_type, key_id, user_id, course_id, since, until }: AuditFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<AuditEvent>> {
  const rows = await sql<(AuditEvent & { cursor: string })[]>`
    select id, event_type, key_id,
           (select name from api_keys k where k.key_id = audit_events.key_id) as key_name,
           user_id, address, route, request_id, course_id, target, details, count, created_at,
           ${cursorOf(sql)}
    from audit_events
    where true
      ${event_type ? sql`and event_type = ${event_type}` : sql``}
      ${key_id ? sql`and (key_id = ${key_id} or target = ${key_id})` : sql``}
      ${user_id ? sql`and (user_id = ${user_id}::uuid or target = ${user_id}::text)` : sql``}
      ${course_id ? sql`and course_id = ${course_id}` : sql``}
      ${since ? sql`and created_at >= ${since}::timestamptz` : sql``}
      ${until ? sql`and created_at < ${until}::timestamptz` : sql``}
      ${afterCursor(sql, "audit", cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  return toPage(rows, limit, "audit");
}
