import { AppError } from "../../errors";
import type { Sql } from "../client";
import type { WebhookEventType } from "./endpoints";

/** One attempt to send the oldest waiting message of an endpoint. */
export type WebhookAttempt = {
  endpoint_id: string;
  /** Identifies the sender that works for the endpoint. */
  claim: string;
  url: string;
  /** The newest first. Each signs the message. */
  secrets: string[];
  /** Failed attempts before this one. */
  failures: number;
  delivery_id: string;
  /** The same in every attempt. */
  message_id: string;
  sequence: number;
  event_type: WebhookEventType;
  course_id: string | null;
  data: Record<string, unknown>;
  /** Of `question.unanswered`, while the conversation exists. */
  question: string | null;
  occurred_at: string;
};

const attemptColumns = (sql: Sql) => sql`
  endpoint_id, claim, url, secrets, failures, delivery_id, 'msg_' || message_id as message_id, sequence::float8 as sequence,
  event_type, course_id, data, question, occurred_at`;

export type WebhookLease = {
  now: Date;
  /** Another sender takes the endpoint over after this time without a result. */
  leaseSeconds: number;
};

/** Claims an endpoint for this sender and takes its oldest message; undefined when nothing is due. */
export async function claimWebhook(
  sql: Sql,
  { now, leaseSeconds }: WebhookLease,
): Promise<WebhookAttempt | undefined> {
  const [attempt] = await sql<WebhookAttempt[]>`
    select ${attemptColumns(sql)} from claim_webhook(${now.toISOString()}::timestamptz, ${leaseSeconds}::int)`;
  return attempt;
}

type Claimed = Pick<WebhookAttempt, "endpoint_id" | "claim" | "delivery_id">;

/**
 * Records that the endpoint acknowledged the message: one statement, with the claim of the next message.
 *
 * @param more false ends the claim, so that other endpoints get their turn
 * @returns the next message of the endpoint
 */
export async function acknowledgeWebhook(
  sql: Sql,
  { endpoint_id, claim, delivery_id }: Claimed,
  { now, leaseSeconds, more }: WebhookLease & { more: boolean },
): Promise<WebhookAttempt | undefined> {
  const [next] = await sql<WebhookAttempt[]>`
    select ${attemptColumns(sql)} from acknowledge_webhook(
      ${endpoint_id}::uuid, ${claim}::uuid, ${delivery_id}::bigint, ${now.toISOString()}::timestamptz,
      ${leaseSeconds}::int, ${more}::boolean)`;
  return next;
}

export type WebhookFailure = {
  now: Date;
  error: string;
  retrySeconds: number;
  /** An endpoint that has failed for this time is disabled. */
  disableAfterSeconds: number;
};

/** Records a failed attempt. @returns true if the endpoint is disabled now */
export async function postponeWebhook(
  sql: Sql,
  { endpoint_id, claim }: Claimed,
  { now, error, retrySeconds, disableAfterSeconds }: WebhookFailure,
): Promise<boolean> {
  const [row] = await sql<{ disabled: boolean }[]>`
    select postpone_webhook(${endpoint_id}::uuid, ${claim}::uuid, ${now.toISOString()}::timestamptz, ${error},
                            ${retrySeconds}::float8, ${disableAfterSeconds}::float8) as disabled`;
  return row!.disabled;
}

/** Ends the claim without a result, so that another sender continues at once. */
export async function releaseWebhook(sql: Sql, { endpoint_id, claim }: Claimed): Promise<void> {
  await sql`
    update webhook_endpoints set claim = null, claimed_until = null
    where id = ${endpoint_id} and claim = ${claim}`;
}

/** Makes the waiting messages of an enabled endpoint due at once. */
export async function hurryWebhook(sql: Sql, id: string): Promise<void> {
  await sql`update webhook_endpoints set next_attempt_at = now() where id = ${id} and enabled`;
}

/**
 * Sends all messages again from a sequence on, in their order, with their former ids.
 *
 * @returns the number of messages that are sent again
 * @throws AppError `webhook_not_found`
 */
export async function replayWebhook(sql: Sql, id: string, fromSequence: number): Promise<number> {
  const [row] = await sql<{ replayed: number }[]>`
    with endpoint as (
      update webhook_endpoints set next_attempt_at = now() where id = ${id} returning id
    ),
    replayed as (
      update webhook_messages m set acknowledged_at = null, attempts = 0
      from endpoint
      where m.endpoint_id = endpoint.id and m.sequence >= ${fromSequence}::bigint
        and not is_personal(m.asset_id)
      returning m.id
    )
    select (select count(*)::int from replayed) as replayed from endpoint`;
  if (!row) throw new AppError("webhook_not_found");
  return row.replayed;
}

/** A message as administrators see it. */
export type WebhookMessage = {
  message_id: string;
  /** Null before the first attempt. */
  sequence: number | null;
  event_type: WebhookEventType;
  course_id: string | null;
  attempts: number;
  acknowledged_at: string | null;
  created_at: string;
};

/** The messages that were sent after a sequence, oldest first; then those that were not sent yet. */
export function listWebhookMessages(
  sql: Sql,
  endpoint_id: string,
  { after, limit }: { after: number; limit: number },
): Promise<WebhookMessage[]> {
  return sql<WebhookMessage[]>`
    select 'msg_' || message_id as message_id, sequence::float8 as sequence, event_type, course_id, attempts, acknowledged_at, created_at
    from webhook_messages
    where endpoint_id = ${endpoint_id} and (sequence > ${after}::bigint or sequence is null)
    order by webhook_messages.sequence, id limit ${limit}`;
}

/**
 * Queues messages that an answer found nothing, for a stored question. They contain ids; the sender adds
 * the question if the settings allow it.
 */
export async function queueUnansweredQuestion(
  sql: Sql,
  session_id: string,
  message_id: string,
): Promise<void> {
  await sql`
    select queue_webhook_message(course_id, null, 'question.unanswered',
                                 ${sql.json({ session_id, message_id })})
    from chat_sessions where id = ${session_id}`;
}
