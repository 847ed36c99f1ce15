import { AppError } from "../../errors";
import type { AccessScope } from "../../principal";
import { createApiKey } from "../../text/api-key";
import type { Sql } from "../client";
import { type AuditSender, auditKeyChange } from "./audit";

/** An API key as administrators see it. The key itself is not stored. */
export type ApiKey = {
  key_id: string;
  name: string;
  scopes: AccessScope[];
  /** Null: all courses. */
  course_ids: string[] | null;
  /** Requests a minute in all; null: the limits of the settings. */
  rate_per_minute: number | null;
  expires_at: string | null;
  revoked_at: string | null;
  /** Updated at most once a minute. */
  last_used_at: string | null;
  created_at: string;
};

export type NewKeyFields = Pick<
  ApiKey,
  "name" | "scopes" | "course_ids" | "rate_per_minute" | "expires_at"
>;

/** A new key with its secret, which is shown only once. */
export type IssuedApiKey = ApiKey & { key: string };

const columns = (sql: Sql) => sql`
  key_id, name, scopes, course_ids, rate_per_minute, expires_at, revoked_at, last_used_at, created_at`;

/**
 * Creates a key and its audit event: one statement.
 *
 * @throws AppError `course_not_found` if one of the courses does not exist
 */
export async function insertKey(
  sql: Sql,
  fields: NewKeyFields,
  sender: AuditSender,
): Promise<IssuedApiKey> {
  const { name, scopes, course_ids, rate_per_minute, expires_at } = fields;
  const { key, key_id, hashed_key } = createApiKey();
  const [created] = await sql<ApiKey[]>`
    with created as (
      insert into api_keys (name, key_id, hashed_key, scopes, course_ids, rate_per_minute, expires_at)
      select ${name}, ${key_id}, ${hashed_key}, ${scopes}::text[], ${course_ids}::text[]::uuid[],
           ${rate_per_minute}::integer, ${expires_at}::timestamptz
    where not exists (
      select from unnest(${course_ids}::text[]::uuid[]) as wanted (id)
      where not exists (select from courses where courses.id = wanted.id))
      returning ${columns(sql)}
    ),
    audited as (${auditKeyChange(sql, "key.created", sender, "created")})
    select * from created`;
  if (!created) throw new AppError("course_not_found");
  return { ...created, key };
}

/** All keys except share links, newest first, with the revoked and expired ones. */
export function listKeys(sql: Sql): Promise<ApiKey[]> {
  return sql<ApiKey[]>`select ${columns(sql)} from api_keys
    where link_user_id is null order by created_at desc, key_id`;
}

export type KeyRotation = {
  /** The old key stays valid for this time at most. */
  overlapSeconds: number;
  /** Of the new key; undefined keeps the rate of the old one, null returns to the limits of the settings. */
  rate_per_minute?: number | null | undefined;
};

/**
 * Issues a new key with the name, scopes, courses, rate and lifetime of an active one, and stores an audit
 * event: one statement.
 *
 * @throws AppError `key_not_found` without an active key of this id
 */
export async function rotateKey(
  sql: Sql,
  key_id: string,
  { overlapSeconds, rate_per_minute }: KeyRotation,
  sender: AuditSender,
): Promise<IssuedApiKey> {
  const issued = createApiKey();
  const [created] = await sql<ApiKey[]>`
    with rotated as (
      update api_keys set
        expires_at = least(expires_at, now() + ${overlapSeconds} * interval '1 second')
      where key_id = ${key_id} and link_user_id is null and ${isActive(sql)}
      returning id
    ),
    -- A statement sees the rows as they were before it: this is the old expiry.
    former as (select * from api_keys where id in (select id from rotated)),
    created as (
      insert into api_keys
        (name, key_id, hashed_key, scopes, course_ids, rate_per_minute, expires_at)
      select name, ${issued.key_id}, ${issued.hashed_key}, scopes, course_ids,
             ${rate_per_minute === undefined ? sql`rate_per_minute` : sql`${rate_per_minute}::integer`},
             now() + (expires_at - created_at)
      from former
      returning ${columns(sql)}
    ),
    audited as (${auditKeyChange(sql, "key.rotated", sender, "former", {
      details: { new_key_id: issued.key_id },
    })})
    select * from created`;
  if (!created) throw new AppError("key_not_found");
  return { ...created, key: issued.key };
}

/**
 * Ends a key at once and stores an audit event: one statement. Revoking a revoked key changes nothing.
 *
 * @throws AppError `key_not_found`
 */
export async function revokeKey(sql: Sql, key_id: string, sender: AuditSender): Promise<void> {
  const [revoked] = await sql`
    with revoked as (
      update api_keys set revoked_at = coalesce(revoked_at, now()) where key_id = ${key_id}
      returning key_id
    ),
    audited as (${auditKeyChange(sql, "key.revoked", sender, "revoked")})
    select key_id from revoked`;
  if (!revoked) throw new AppError("key_not_found");
}

const isActive = (sql: Sql) =>
  sql`revoked_at is null and (expires_at is null or expires_at > now())`;

/** The data that the server compares with a request's key. */
export type ActiveApiKey = Pick<ApiKey, "key_id" | "scopes" | "course_ids" | "rate_per_minute"> & {
  hashed_key: string;
  /** Only of share links. */
  link_user_id: string | null;
};

/** The keys that are valid now, and the ids of the revoked and expired ones. */
export async function loadActiveKeys(
  sql: Sql,
): Promise<{ active: ActiveApiKey[]; inactive: string[] }> {
  const rows = await sql<(ActiveApiKey & { is_active: boolean })[]>`
    select key_id, hashed_key, scopes, course_ids, rate_per_minute, link_user_id,
           ${isActive(sql)} as is_active
    from api_keys`;
  return {
    active: rows.filter(({ is_active }) => is_active),
    inactive: rows.filter(({ is_active }) => !is_active).map(({ key_id }) => key_id),
  };
}

/** Records the use of keys, at most once a minute for each key. */
export async function touchKeys(sql: Sql, key_ids: string[]): Promise<void> {
  await sql`
    update api_keys set last_used_at = now()
    where key_id = any(${key_ids}::text[])
      and (last_used_at is null or last_used_at < now() - interval '1 minute')`;
}
