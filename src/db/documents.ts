import { AppError } from "../errors";
import type { Sql } from "./client";
import { type Fence, holding, type JobStatus } from "./jobs/jobs";
import { afterCursor, cursorOf, type Page, type PageRequest, toPage } from "./page";

export type DocumentStatus = "uploaded" | "described" | "embedding" | "completed" | "failed";

export type Document = {
  id: string;
  course_id: string;
  filename: string;
  title: string | null;
  mime_type: string;
  size_bytes: number;
  sha256: string;
  page_count: number | null;
  described_page_count: number;
  chunk_count: number;
  language_code: string | null;
  status: DocumentStatus;
  status_reason: string | null;
  description_job_id: string;
  metadata: Record<string, unknown>;
  created_at: string;
  updated_at: string;
};

const columns = (sql: Sql) => sql`
  id, course_id, filename, title, mime_type, size_bytes::float8 as size_bytes, sha256, page_count,
  (select count(*)::int from slide_descriptions s where s.document_id = documents.id)
    as described_page_count,
  (select count(*)::int from slide_chunks c where c.document_id = documents.id) as chunk_count,
  language_code, status, status_reason, description_job_id, metadata, created_at, updated_at`;

export type DocumentAccepted = { document_id: string; job_id: string; created: boolean };

/**
 * Records a stored PDF and queues its ingestion: both happen, or neither. The same bytes in the same
 * course answer the document that is there, with `created` false.
 *
 * @throws AppError `course_not_found`
 */
export async function requestDocument(
  sql: Sql,
  request: {
    id: string;
    course_id: string;
    filename: string;
    title: string | null;
    storage_url: string;
    size_bytes: number;
    sha256: string;
    priority: "normal" | "high";
  },
): Promise<DocumentAccepted> {
  const { id, course_id, filename, title, storage_url, size_bytes, sha256, priority } = request;
  const [accepted] = await sql<DocumentAccepted[]>`
    select document_id, job_id, created from request_document(
      ${id}, ${course_id}, ${filename}, ${title}, ${storage_url}, ${size_bytes}::bigint,
      ${sha256}, ${priority})`.catch(courseMissing);
  return accepted!;
}

/** The course went between the check and the insert. */
export function courseMissing(error: unknown): never {
  const violation = error instanceof Error && "code" in error && error.code === "23503";
  throw violation ? new AppError("course_not_found") : error;
}

export type DocumentFilter = {
  course_id?: string | undefined;
  status?: DocumentStatus | undefined;
};

/** Newest first. Filters that are left out match every document. */
export async function listDocuments(
  sql: Sql,
  { course_id, status }: DocumentFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<Document>> {
  const rows = await sql<(Document & { cursor: string })[]>`
    select ${columns(sql)}, ${cursorOf(sql)} from documents
    where deleted_at is null
      ${course_id ? sql`and course_id = ${course_id}` : sql``}
      ${status ? sql`and status = ${status}` : sql``}
      ${afterCursor(sql, cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  return toPage(rows, limit);
}

/** @throws AppError `document_not_found` */
export async function getDocument(sql: Sql, id: string): Promise<Document> {
  const [document] = await sql<Document[]>`
    select ${columns(sql)} from documents where id = ${id} and deleted_at is null`;
  if (!document) throw new AppError("document_not_found");
  return document;
}

export type DocumentJobStatus = JobStatus & {
  document_id: string;
  status: DocumentStatus;
  status_reason: string | null;
};

/** @throws AppError `document_not_found` */
export async function getDocumentStatus(sql: Sql, id: string): Promise<DocumentJobStatus> {
  const [status] = await sql<DocumentJobStatus[]>`
    select d.id as document_id, d.status, d.status_reason, j.id as job_id, j.job_state,
           j.progress_percent, j.attempt, j.error_code, j.error_message, j.started_at,
           j.finished_at, greatest(d.updated_at, j.updated_at) as updated_at
    from documents d join document_jobs j on j.id = d.description_job_id
    where d.id = ${id} and d.deleted_at is null`;
  if (!status) throw new AppError("document_not_found");
  return status;
}

/** Keeps what the file told about itself, under the attempt that read it; false when it lost its job. */
export async function updateDocumentFacts(
  sql: Sql,
  fence: Fence,
  facts: { page_count: number; title: string | null; metadata: object },
): Promise<boolean> {
  const rows = await sql`
    with held as (${holding(sql, "document", fence)})
    update documents d set
      page_count = ${facts.page_count}, title = coalesce(d.title, ${facts.title}),
      metadata = d.metadata || ${sql.json(facts.metadata as never)}
    from held where d.id = held.id
    returning d.id`;
  return rows.length > 0;
}

/** Says that every page is in: `uploaded` becomes `described`. False when the attempt lost its job. */
export async function markDescribed(
  sql: Sql,
  fence: Fence,
  language_code: string | null,
): Promise<boolean> {
  const rows = await sql`
    with held as (${holding(sql, "document", fence)})
    update documents d set
      status = case d.status when 'uploaded' then 'described' else d.status end,
      language_code = ${language_code},
      metadata = d.metadata || jsonb_build_object('described_at', now())
    from held where d.id = held.id
    returning d.id`;
  return rows.length > 0;
}

/** Starts a failed document again; null when it did not fail. */
export async function retryDocument(sql: Sql, id: string): Promise<string | null> {
  const [row] = await sql<{ job_id: string | null }[]>`select retry_document(${id}) as job_id`;
  return row!.job_id;
}

/** What `claim` of the queue gives a worker, for one document of the caller's choice. */
export type DocumentClaim = Fence & {
  queue_name: "ingest_high" | "ingest";
  kind: "document";
  asset_id: string;
  errors: number;
  handed_back: number;
  sent_at: string;
  /** The claim is another try for a document that had failed. */
  had_failed: boolean;
};

/**
 * Claims a document's job for a request that describes its pages itself: the job that waits, or else a
 * new one. Null while somebody else works on it.
 */
export async function claimDocument(
  sql: Sql,
  id: string,
  visibilitySeconds: number,
): Promise<DocumentClaim | null> {
  const [claimed] = await sql<DocumentClaim[]>`
    select * from claim_document(${id}, ${visibilitySeconds}::int)`;
  return claimed ?? null;
}

/** Takes an asset out of every read, its job with it; false when there was none. */
export async function deleteAsset(sql: Sql, kind: "lecture" | "document", id: string) {
  const [row] = await sql<{ deleted: boolean }[]>`select delete_asset(${kind}, ${id}) as deleted`;
  return row!.deleted;
}

/** Documents whose rows and files may go: deleted a moment ago, so that their worker has let go. */
export async function listDeletedDocuments(sql: Sql, seconds: number): Promise<{ id: string }[]> {
  return sql<{ id: string }[]>`
    select id from documents where deleted_at < now() - ${seconds} * interval '1 second' limit 100`;
}

/** Tells, before a file is stored, that one may soon be there without a row. */
export async function announceFile(sql: Sql, document_id: string): Promise<void> {
  await sql`insert into unclaimed_files (document_id) values (${document_id})`;
}

/** After the removal of an unclaimed file. */
export async function forgetFile(sql: Sql, document_id: string): Promise<void> {
  await sql`delete from unclaimed_files where document_id = ${document_id}`;
}

/** Ids whose file no row has named for so long; from now on none can. */
export async function doomUnclaimedFiles(sql: Sql, seconds: number): Promise<string[]> {
  const doomed = await sql<{ document_id: string }[]>`
    update unclaimed_files set doomed = true where document_id in (
      select document_id from unclaimed_files
      where since < now() - ${seconds} * interval '1 second' order by since limit 100)
    returning document_id`;
  return doomed.map(({ document_id }) => document_id);
}

/** Documents that have a file, by id; `after` is the last one seen. */
export async function listStoredDocuments(
  sql: Sql,
  after: string | null,
  limit: number,
): Promise<{ id: string; filename: string; sha256: string }[]> {
  return sql<{ id: string; filename: string; sha256: string }[]>`
    select id, filename, sha256 from documents
    where deleted_at is null ${after ? sql`and id > ${after}` : sql``}
    order by id limit ${limit}`;
}

/** The end of a document's rows; its file went before. */
export async function purgeDocument(sql: Sql, id: string): Promise<void> {
  await sql`delete from documents where id = ${id} and deleted_at is not null`;
}
