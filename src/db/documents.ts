import { AppError } from "../errors";
import { throwCourseMissing } from "./assets";
import type { Sql } from "./client";
import { type ClaimToken, claimedAsset, type JobStatus } from "./jobs/jobs";
import { afterCursor, cursorOf, inCourses, type Page, type PageRequest, toPage } from "./page";

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
 * Inserts a document for a stored PDF and queues its ingestion in one transaction. If the course already
 * has the same bytes, returns that document with `created` false.
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
      ${sha256}, ${priority})`.catch(throwCourseMissing);
  return accepted!;
}

export type DocumentFilter = {
  course_id?: string | undefined;
  /** The courses that the caller can reach; null for all. */
  course_ids: readonly string[] | null;
  status?: DocumentStatus | undefined;
};

/** Newest first. An omitted filter matches every document. */
export async function listDocuments(
  sql: Sql,
  { course_id, course_ids, status }: DocumentFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<Document>> {
  const rows = await sql<(Document & { cursor: string })[]>`
    select ${columns(sql)}, ${cursorOf(sql)} from documents
    where deleted_at is null
      ${inCourses(sql, course_ids)}
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
           j.progress_percent, j.attempt, j.quarantined, j.next_attempt_at, j.error_code,
           j.error_message, j.started_at,
           j.finished_at, greatest(d.updated_at, j.updated_at) as updated_at
    from documents d join jobs j on j.id = d.description_job_id
    where d.id = ${id} and d.deleted_at is null`;
  if (!status) throw new AppError("document_not_found");
  return status;
}

/** Stores the metadata of the PDF; false when the attempt no longer holds the job. */
export async function updateDocumentFacts(
  sql: Sql,
  token: ClaimToken,
  facts: { page_count: number; title: string | null; metadata: object },
): Promise<boolean> {
  const rows = await sql`
    with claimed as (${claimedAsset(sql, "document", token)})
    update documents d set
      page_count = ${facts.page_count}, title = coalesce(d.title, ${facts.title}),
      metadata = d.metadata || ${sql.json(facts.metadata as never)}
    from claimed where d.id = claimed.id
    returning d.id`;
  return rows.length > 0;
}

/** Moves `uploaded` to `described` once all pages are stored; false when the attempt no longer holds the job. */
export async function markDescribed(
  sql: Sql,
  token: ClaimToken,
  language_code: string | null,
): Promise<boolean> {
  const rows = await sql`
    with claimed as (${claimedAsset(sql, "document", token)})
    update documents d set
      status = case d.status when 'uploaded' then 'described' else d.status end,
      language_code = ${language_code},
      metadata = d.metadata || jsonb_build_object('described_at', now())
    from claimed where d.id = claimed.id
    returning d.id`;
  return rows.length > 0;
}

/** Retries a failed document and returns its job; null when it did not fail. */
export async function retryDocument(sql: Sql, id: string): Promise<string | null> {
  const [row] = await sql<{ job_id: string | null }[]>`select retry_document(${id}) as job_id`;
  return row!.job_id;
}

/** Documents that were deleted at least `seconds` ago, so that no worker uses their files. */
export async function listDeletedDocuments(sql: Sql, seconds: number): Promise<{ id: string }[]> {
  return sql<{ id: string }[]>`
    select id from documents where deleted_at < now() - ${seconds} * interval '1 second' limit 100`;
}

/** Records the file before it is stored, so that cleanup finds it if no row follows. */
export async function addUnclaimedFile(sql: Sql, document_id: string): Promise<void> {
  await sql`insert into unclaimed_files (document_id) values (${document_id})`;
}

/** Forgets an unclaimed file after its removal. */
export async function deleteUnclaimedFile(sql: Sql, document_id: string): Promise<void> {
  await sql`delete from unclaimed_files where document_id = ${document_id}`;
}

/** Starts the removal of files without a row after `seconds`; returns their ids. No upload can use them any more. */
export async function startFileRemoval(sql: Sql, seconds: number): Promise<string[]> {
  const started = await sql<{ document_id: string }[]>`
    update unclaimed_files set removal_started = true where document_id in (
      select document_id from unclaimed_files
      where since < now() - ${seconds} * interval '1 second' order by since limit 100)
    returning document_id`;
  return started.map(({ document_id }) => document_id);
}

/** Documents with a file, ordered by id, after the id `after`. */
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

/** Deletes the rows of a deleted document; its file must be removed before. */
export async function purgeDocument(sql: Sql, id: string): Promise<void> {
  await sql`delete from documents where id = ${id} and deleted_at is not null`;
}
