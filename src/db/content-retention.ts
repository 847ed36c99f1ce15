import type { Fragment } from "postgres";
import { type AuditSender, auditChange } from "./access/audit";
import { deleteAsset } from "./assets";
import type { Sql } from "./client";
import type { JobKind } from "./jobs/jobs";

/**
 * The kinds of content that are deleted for their age. `pdfs`: documents with their file and texts. `transcripts`: lectures with their transcript.
 * `embeddings`: only the vectors of both; words still find the texts. `chats`: conversations.
 */
export const RETAINED_KINDS = ["pdfs", "transcripts", "embeddings", "chats"] as const;
export type RetainedKind = (typeof RETAINED_KINDS)[number];

/** Days after which each kind is deleted; 0: never. */
export type ContentRetention = Record<RetainedKind, number>;

export type DueContent = {
  kind: RetainedKind;
  course_id: string;
  course_name: string;
  /** Documents, lectures, assets with vectors, or conversations. */
  count: number;
  /** ISO 8601: the oldest upload, or the oldest last message. */
  oldest_at: string;
};

/** The sender in the audit. */
const RETENTION: AuditSender = {
  key_id: null,
  user_id: null,
  route: "retention",
  request_id: null,
};

/** Statements stay short, so that readers wait only briefly. */
const BATCH = 100;

/**
 * Counts what the next deletion removes, by kind and course.
 *
 * @param daysAhead  counts what is due in so many days; 0: now
 */
export async function listDueContent(
  sql: Sql,
  retention: ContentRetention,
  daysAhead: number,
): Promise<DueContent[]> {
  const lists = await Promise.all(
    RETAINED_KINDS.filter((kind) => retention[kind] > 0).map(
      (kind) => sql<DueContent[]>`
        select ${kind}::text as kind, c.id as course_id, c.name as course_name, count(*)::int as count,
               min(due.at) as oldest_at
        from (${dueItems(sql, kind, retention, daysAhead)}) due join courses c on c.id = due.course_id
        group by c.id order by c.name, c.id`,
    ),
  );
  return lists.flat();
}

/**
 * Deletes a batch of content that is older than its retention, each with its event in the audit. If a job of an asset
 * begins during the deletion, the asset stays until that job has ended.
 *
 * @returns `due`: the size of the batch, 0 when nothing is due; `deleted`: how many of them were deleted
 */
export async function deleteDueContent(
  sql: Sql,
  kind: RetainedKind,
  retention: ContentRetention,
): Promise<{ due: number; deleted: number }> {
  const { [kind]: days } = retention;
  if (kind === "chats") return deleteDueChats(sql, retention);
  const due = await sql<{ id: string; asset_kind: JobKind }[]>`
    select id, asset_kind from (${dueItems(sql, kind, retention)}) due order by at limit ${BATCH}`;
  let deleted = 0;
  for (const { id, asset_kind } of due) {
    const isDue = sql`lock_due_asset(${asset_kind}, ${id}, ${cutoff(sql, days)})`;
    const isDeleted = await (kind === "embeddings"
      ? deleteEmbeddings(sql, asset_kind, id, days, isDue)
      : deleteAsset(sql, asset_kind, id, RETENTION, isDue));
    if (isDeleted) deleted += 1;
  }
  return { due: due.length, deleted };
}

async function deleteDueChats(
  sql: Sql,
  retention: ContentRetention,
): Promise<{ due: number; deleted: number }> {
  const { chats: days } = retention;
  const [counts] = await sql<{ due: number; deleted: number }[]>`
    with due as (
      select id from (${dueItems(sql, "chats", retention)}) due order by at limit ${BATCH}
    ),
    deleted as (
      -- A conversation can have continued since.
      delete from chat_sessions s using due where s.id = due.id and s.updated_at < ${cutoff(sql, days)}
      returning s.id::text as target, s.course_id
    ),
    audited as (
      ${auditChange(sql, "session.deleted", RETENTION, "deleted", { retention_days: days })})
    select (select count(*)::int from due) as due, (select count(*)::int from deleted) as deleted`;
  return counts!;
}

async function deleteEmbeddings(
  sql: Sql,
  kind: JobKind,
  asset_id: string,
  days: number,
  isDue: Fragment,
): Promise<boolean> {
  const [chunks, asset] =
    kind === "lecture"
      ? [sql`lecture_chunks`, sql`lecture_id`]
      : [sql`slide_chunks`, sql`document_id`];
  const rows = await sql`
    with checked as materialized (select ${isDue} as is_due),
    cleared as (
      update ${chunks} set embedding = null, embedding_model = null
      where ${asset} = ${asset_id} and embedding is not null and (select is_due from checked)
      returning id, course_id
    ),
    inactive as (delete from inactive_embeddings where chunk_id in (select id from cleared)),
    deleted as (select ${asset_id}::text as target, course_id from cleared limit 1),
    audited as (
      ${auditChange(sql, "embeddings.deleted", RETENTION, "deleted", { kind, retention_days: days })})
    select target from deleted`;
  return rows.length > 0;
}

const cutoff = (sql: Sql, days: number) => sql`now() - ${days} * interval '1 day'`;

/**
 * Rows (id, asset_kind, course_id, at) that are older than their retention in `daysAhead` days. Assets with an unfinished
 * job wait for its end. Vectors of an asset that is deleted itself do not count again.
 */
function dueItems(sql: Sql, kind: RetainedKind, retention: ContentRetention, daysAhead = 0) {
  const before = (of: RetainedKind) => cutoff(sql, retention[of] - daysAhead);
  if (kind === "transcripts") return agedLectures(sql, before(kind));
  if (kind === "pdfs") return agedDocuments(sql, before(kind));
  if (kind === "embeddings") {
    const keptFrom = (of: RetainedKind, at: Fragment) =>
      retention[of] > 0 ? sql`and ${at} >= ${before(of)}` : sql``;
    return sql`
      ${agedLectures(sql, before(kind))} ${keptFrom("transcripts", sql`l.created_at`)} and exists (
        select from lecture_chunks c where c.lecture_id = l.id and c.embedding is not null)
      union all
      ${agedDocuments(sql, before(kind))} ${keptFrom("pdfs", sql`d.uploaded_at`)} and exists (
        select from slide_chunks c where c.document_id = d.id and c.embedding is not null)`;
  }
  return sql`
    select id, null as asset_kind, course_id, updated_at as at from chat_sessions
    where updated_at < ${before(kind)}`;
}

const agedLectures = (sql: Sql, before: Fragment) => sql`
  select l.id, 'lecture' as asset_kind, l.course_id, l.created_at as at from lectures l
  where l.deleted_at is null and l.created_at < ${before} and ${hasNoJob(sql, "l")}`;

const agedDocuments = (sql: Sql, before: Fragment) => sql`
  select d.id, 'document' as asset_kind, d.course_id, d.uploaded_at as at from documents d
  where d.deleted_at is null and d.uploaded_at < ${before} and ${hasNoJob(sql, "d")}`;

/** @param asset  the name of the asset's table in the statement */
const hasNoJob = (sql: Sql, asset: "l" | "d") => sql`
  not exists (
    select from jobs j
    where j.asset_id = ${sql(asset)}.id and j.job_state not in ('completed', 'failed'))`;
