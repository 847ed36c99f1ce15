import { type AuditSender, auditChange } from "./access/audit";
import { deleteAsset } from "./assets";
import type { Sql } from "./client";

/**
 * What is deleted for its age. `pdfs`: documents with their file and texts. `transcripts`: lectures with their transcript.
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
        from (${dueItems(sql, kind, retention[kind] - daysAhead)}) due join courses c on c.id = due.course_id
        group by c.id order by c.name, c.id`,
    ),
  );
  return lists.flat();
}

/**
 * Deletes a batch of what is older than `days`, each with its event in the audit.
 *
 * @returns how many were deleted; 0 when nothing is due
 */
export async function deleteDueContent(
  sql: Sql,
  kind: RetainedKind,
  days: number,
): Promise<number> {
  if (kind === "chats") return deleteDueChats(sql, days);
  const due = await sql<{ id: string; asset_kind: "lecture" | "document" }[]>`
    select id, asset_kind from (${dueItems(sql, kind, days)}) due order by at limit ${BATCH}`;
  for (const { id, asset_kind } of due) {
    if (kind === "embeddings") await deleteEmbeddings(sql, asset_kind, id, days);
    else await deleteAsset(sql, asset_kind, id, RETENTION);
  }
  return due.length;
}

async function deleteDueChats(sql: Sql, days: number): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    with due as (select id from (${dueItems(sql, "chats", days)}) due order by at limit ${BATCH}),
    deleted as (
      -- A conversation can have continued since.
      delete from chat_sessions s using due where s.id = due.id and s.updated_at < ${cutoff(sql, days)}
      returning s.id::text as target, s.course_id
    ),
    audited as (
      ${auditChange(sql, "session.deleted", RETENTION, "deleted", { retention_days: days })})
    select count(*)::int as count from deleted`;
  return row!.count;
}

async function deleteEmbeddings(
  sql: Sql,
  kind: "lecture" | "document",
  asset_id: string,
  days: number,
): Promise<void> {
  const [chunks, asset] =
    kind === "lecture"
      ? [sql`lecture_chunks`, sql`lecture_id`]
      : [sql`slide_chunks`, sql`document_id`];
  await sql`
    with cleared as (
      update ${chunks} set embedding = null, embedding_model = null
      where ${asset} = ${asset_id} and embedding is not null returning id, course_id
    ),
    inactive as (delete from inactive_embeddings where chunk_id in (select id from cleared)),
    deleted as (select ${asset_id}::text as target, course_id from cleared limit 1),
    audited as (
      ${auditChange(sql, "embeddings.deleted", RETENTION, "deleted", { kind, retention_days: days })})
    select target from deleted`;
}

const cutoff = (sql: Sql, days: number) => sql`now() - ${days} * interval '1 day'`;

/** Rows (id, asset_kind, course_id, at) that are older than `days`. Assets with an unfinished job wait for its end. */
function dueItems(sql: Sql, kind: RetainedKind, days: number) {
  const lectures = sql`
    select l.id, 'lecture' as asset_kind, l.course_id, l.created_at as at from lectures l
    where l.deleted_at is null and l.created_at < ${cutoff(sql, days)} and ${hasNoJob(sql, "l")}`;
  const documents = sql`
    select d.id, 'document' as asset_kind, d.course_id, d.uploaded_at as at from documents d
    where d.deleted_at is null and d.uploaded_at < ${cutoff(sql, days)} and ${hasNoJob(sql, "d")}`;
  if (kind === "transcripts") return lectures;
  if (kind === "pdfs") return documents;
  if (kind === "embeddings") {
    return sql`
      ${lectures} and exists (
        select from lecture_chunks c where c.lecture_id = l.id and c.embedding is not null)
      union all
      ${documents} and exists (
        select from slide_chunks c where c.document_id = d.id and c.embedding is not null)`;
  }
  return sql`
    select id, null as asset_kind, course_id, updated_at as at from chat_sessions
    where updated_at < ${cutoff(sql, days)}`;
}

/** @param asset  the name of the asset's table in the statement */
const hasNoJob = (sql: Sql, asset: "l" | "d") => sql`
  not exists (
    select from jobs j
    where j.asset_id = ${sql(asset)}.id and j.job_state not in ('completed', 'failed'))`;
