import type { Sql } from "../client";

/** Why and since when no automatic work begins. */
export type QueueHold = { reason: string; since: string };

/** Null while the queue works. */
export async function findQueueHold(sql: Sql): Promise<QueueHold | null> {
  const [hold] = await sql<QueueHold[]>`select reason, since from queue_hold`;
  return hold ?? null;
}

/** Lets jobs, synchronisation, webhooks and deletions begin; false if nothing held them. */
export async function endQueueHold(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ ended: boolean }[]>`
    with ended as (delete from queue_hold returning reason)
    select count(*) > 0 as ended, pg_notify('ingest', 'ingest_high'), pg_notify('ingest', 'ingest') from ended`;
  return row!.ended;
}
