import { AppError } from "../../errors";
import type { Sql } from "../client";

/** The events that are sent, in the order of the documentation. */
export const WEBHOOK_EVENT_TYPES = [
  "lecture.queued",
  "lecture.completed",
  "lecture.failed",
  "lecture.deleted",
  "document.queued",
  "document.completed",
  "document.failed",
  "document.replaced",
  "document.deleted",
  "budget.exceeded",
  "question.unanswered",
  "webhook.disabled",
] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

/** An endpoint as administrators see it. Its secret is shown only when it is created or rotated. */
export type WebhookEndpoint = {
  id: string;
  /** Null: all courses. */
  course_id: string | null;
  url: string;
  description: string | null;
  /** Null: all types. */
  event_types: WebhookEventType[] | null;
  enabled: boolean;
  /** Why the server disabled the endpoint. */
  disabled_reason: string | null;
  /** The sequence of the newest message that was sent; 0 before the first. */
  last_sequence: number;
  /** Messages that are not acknowledged. */
  waiting: number;
  /** Failed attempts since the last acknowledgement. */
  failures: number;
  failing_since: string | null;
  last_error: string | null;
  next_attempt_at: string;
  created_at: string;
  updated_at: string;
};

const columns = (sql: Sql) => sql`
  id, course_id, url, description, event_types, enabled, disabled_reason,
  last_sequence::float8 as last_sequence,
  (select count(*)::int from webhook_messages m
   where m.endpoint_id = webhook_endpoints.id and m.acknowledged_at is null) as waiting,
  failures, failing_since, last_error, next_attempt_at, created_at, updated_at`;

export type NewWebhookEndpoint = Pick<
  WebhookEndpoint,
  "course_id" | "url" | "description" | "event_types"
> & { secret: string };

/** @throws AppError `course_not_found` */
export async function insertWebhookEndpoint(
  sql: Sql,
  { course_id, url, description, event_types, secret }: NewWebhookEndpoint,
): Promise<WebhookEndpoint> {
  const [created] = await sql<WebhookEndpoint[]>`
    insert into webhook_endpoints (course_id, url, description, event_types, secret)
    select ${course_id}::uuid, ${url}, ${description}, ${event_types}::text[], ${secret}
    where ${course_id}::uuid is null or exists (select from courses where id = ${course_id}::uuid)
    returning ${columns(sql)}`;
  if (!created) throw new AppError("course_not_found");
  return created;
}

/**
 * Newest first.
 *
 * @param course_id only the endpoints of this course; undefined: all
 */
export const listWebhookEndpoints = (
  sql: Sql,
  course_id: string | undefined,
): Promise<WebhookEndpoint[]> =>
  sql<WebhookEndpoint[]>`
    select ${columns(sql)} from webhook_endpoints
    ${course_id === undefined ? sql`` : sql`where course_id = ${course_id}`}
    order by created_at desc, id desc`;

/** @throws AppError `webhook_not_found` */
export async function getWebhookEndpoint(sql: Sql, id: string): Promise<WebhookEndpoint> {
  const [found] = await sql<WebhookEndpoint[]>`
    select ${columns(sql)} from webhook_endpoints where id = ${id}`;
  return assertFound(found);
}

export type WebhookChange = Partial<
  Pick<WebhookEndpoint, "url" | "description" | "event_types" | "enabled">
>;

/**
 * Changes the named fields. A new address and enabling make waiting messages due at once and reset the failures.
 *
 * @throws AppError `webhook_not_found`
 */
export async function updateWebhookEndpoint(
  sql: Sql,
  id: string,
  { url, description, event_types, enabled }: WebhookChange,
): Promise<WebhookEndpoint> {
  const [updated] = await sql<WebhookEndpoint[]>`
    update webhook_endpoints set
      url = coalesce(${url ?? null}, url),
      description = ${description === undefined ? sql`description` : sql`${description}`},
      event_types = ${event_types === undefined ? sql`event_types` : sql`${event_types}::text[]`},
      enabled = coalesce(${enabled ?? null}, enabled)
      ${enabled === undefined ? sql`` : sql`, disabled_reason = null`}
      ${
        enabled === undefined && url === undefined
          ? sql``
          : sql`, failures = 0, failing_since = null, next_attempt_at = now()`
      }
      ${
        url === undefined
          ? sql``
          : // The result of an attempt at the former address, such as 410, must not count for the new one.
            sql`, last_error = null, claim = null, claimed_until = null`
      }
    where id = ${id} returning ${columns(sql)}`;
  return assertFound(updated);
}

/** Deletes an endpoint with its messages. @throws AppError `webhook_not_found` */
export async function deleteWebhookEndpoint(sql: Sql, id: string): Promise<void> {
  const [deleted] = await sql`delete from webhook_endpoints where id = ${id} returning id`;
  assertFound(deleted);
}

/**
 * Sets a new secret. The former one signs too for `overlapSeconds`.
 *
 * @throws AppError `webhook_not_found`
 */
export async function rotateWebhookSecret(
  sql: Sql,
  id: string,
  { secret, overlapSeconds }: { secret: string; overlapSeconds: number },
): Promise<WebhookEndpoint> {
  const [rotated] = await sql<WebhookEndpoint[]>`
    update webhook_endpoints set secret = ${secret}, former_secret = secret,
      former_secret_until = now() + ${overlapSeconds} * interval '1 second'
    where id = ${id} returning ${columns(sql)}`;
  return assertFound(rotated);
}

/** The address and the valid secrets, newest first. @throws AppError `webhook_not_found` */
export async function getWebhookTarget(
  sql: Sql,
  id: string,
): Promise<{ url: string; secrets: string[] }> {
  const [target] = await sql<{ url: string; secrets: string[] }[]>`
    select url, case when former_secret_until > now() then array[secret, former_secret]
                     else array[secret] end as secrets
    from webhook_endpoints where id = ${id}`;
  return assertFound(target);
}

function assertFound<T>(row: T | undefined): T {
  if (!row) throw new AppError("webhook_not_found");
  return row;
}
