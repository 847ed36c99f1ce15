import type { Sql } from "../client";

export type KeptResponse = { request_hash: string; status: number | null; body: unknown };

/** The key of a request is free again after this time if its server died before the response. */
const ABANDONED_MINUTES = 5;

/**
 * Reserves a key for a request. Null means that the caller must answer the request. Otherwise returns the
 * stored response of the earlier request with this key; its status is null until it has a response.
 */
export async function takeKey(
  sql: Sql,
  { key, route, request_hash }: { key: string; route: string; request_hash: string },
): Promise<KeptResponse | null> {
  const [taken] = await sql`
    insert into idempotency_keys as kept (key, route, request_hash)
    values (${key}, ${route}, ${request_hash})
    on conflict (key, route) do update
      set request_hash = excluded.request_hash, created_at = now(), status = null, body = null,
          session_id = null
      where kept.created_at < now() - interval '1 day'
         or (kept.status is null and kept.created_at < now() - ${ABANDONED_MINUTES} * interval '1 minute')
    returning key`;
  if (taken) return null;
  const [kept] = await sql<KeptResponse[]>`
    select request_hash, status, body from idempotency_keys where key = ${key} and route = ${route}`;
  return kept ?? { request_hash, status: null, body: null };
}

export type KeptAnswer = {
  key: string;
  route: string;
  status: number;
  body: unknown;
  /** The conversation that the response quotes: its deletion deletes the response. */
  session_id: string | null;
};

/** Stores a response, or frees its key if its conversation was deleted in the meantime. */
export async function keepAnswer(
  sql: Sql,
  { key, route, status, body, session_id }: KeptAnswer,
): Promise<void> {
  const [kept] = await sql`
    with session as (select id from chat_sessions where id = ${session_id} for key share)
    update idempotency_keys set status = ${status}, body = ${sql.json(body as never)},
      session_id = ${session_id}
    where key = ${key} and route = ${route}
      and (${session_id}::uuid is null or exists (select from session))
    returning key`;
  if (!kept) await releaseKey(sql, key, route);
}

/** Frees the key of a failed request. */
export async function releaseKey(sql: Sql, key: string, route: string): Promise<void> {
  await sql`delete from idempotency_keys where key = ${key} and route = ${route} and status is null`;
}

export async function pruneKeys(sql: Sql): Promise<void> {
  await sql`delete from idempotency_keys where created_at < now() - interval '1 day'`;
}
