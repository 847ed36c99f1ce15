import type { Sql } from "../client";

/** Days after which each kind of history is deleted. */
export type Retention = {
  /** Messages of finished jobs. */
  archives: number;
  /** Messages of failed jobs, and invalid ones. */
  deadLetters: number;
  /** Rows of audit_events. */
  audit: number;
  /** Rows of processing_events, and messages of webhooks, sent or not. */
  events: number;
  /** Rows of provider_calls. Their removal also removes that time from budgets and usage. */
  receipts: number;
};

/** Maximum rows that one statement deletes, so that other statements wait only briefly. */
const BATCH = 5_000;

/** Deletes history that is older than its retention; returns the number of deleted rows. */
export async function pruneHistory(sql: Sql, retention: Retention): Promise<number> {
  const deletions = [
    () => sql`
      delete from pgmq.a_ingest where msg_id in (
        select msg_id from pgmq.a_ingest where archived_at < ${cutoff(sql, retention.archives)} limit ${BATCH})`,
    () => sql`
      delete from pgmq.a_ingest_high where msg_id in (
        select msg_id from pgmq.a_ingest_high where archived_at < ${cutoff(sql, retention.archives)} limit ${BATCH})`,
    () => sql`
      delete from pgmq.a_ingest_dead where msg_id in (
        select msg_id from pgmq.a_ingest_dead
        where archived_at < ${cutoff(sql, retention.deadLetters)} limit ${BATCH})`,
    () => sql`
      delete from pgmq.q_ingest_dead where msg_id in (
        select msg_id from pgmq.q_ingest_dead
        where enqueued_at < ${cutoff(sql, retention.deadLetters)} limit ${BATCH})`,
    () => sql`
      delete from processing_events where id in (
        select id from processing_events
        where created_at < ${cutoff(sql, retention.events)} limit ${BATCH})`,
    () => sql`
      delete from webhook_messages where id in (
        select id from webhook_messages
        where created_at < ${cutoff(sql, retention.events)} limit ${BATCH})`,
    () => sql`
      delete from audit_events where id in (
        select id from audit_events
        where created_at < ${cutoff(sql, retention.audit)} limit ${BATCH})`,
    () => sql`
      delete from provider_calls where id in (
        select id from provider_calls
        where state <> 'started' and created_at < ${cutoff(sql, retention.receipts)} limit ${BATCH})`,
  ];
  let deleted = 0;
  for (const remove of deletions) {
    for (let count = BATCH; count === BATCH; deleted += count) count = (await remove()).count;
  }
  return deleted;
}

const cutoff = (sql: Sql, days: number) => sql`now() - ${days} * interval '1 day'`;
