import { AppError } from "../errors";
import type { PageRelease } from "./access/releases";
import { type AssetFilter, listedAssets, throwCourseMissing, throwOwnerMissing } from "./assets";
import type { Sql } from "./client";
import type { StoredPdf } from "./document-versions";
import {
  type ClaimToken,
  claimedAsset,
  type JobStatus,
  shownState,
  waitColumns,
} from "./jobs/jobs";
import { requestedBy } from "./jobs/requested-by";
import { afterCursor, cursorOf, isoTime, type Page, type PageRequest, toPage } from "./page";

export type DocumentStatus =
  | "uploaded"
  | "described"
  | "embedding"
  | "completed"
  | "failed"
  | "paused";

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
  /** Personal material: only this user and admins see it. */
  owner_id: string | null;
  /** Students see the document from then on; null: at once. */
  visible_from: string | null;
  page_releases: PageRelease[];
  created_at: string;
  updated_at: string;
};

const columns = (sql: Sql) => sql`
  id, course_id, filename, title, mime_type, size_bytes::float8 as size_bytes, sha256, page_count,
  (select count(*)::int from slide_descriptions s where s.document_id = documents.id)
    as described_page_count,
  (select count(*)::int from slide_chunks c where c.document_id = documents.id) as chunk_count,
  language_code, shown_status(status, description_job_id) as status,
  shown_reason(status_reason, description_job_id) as status_reason, description_job_id, metadata, owner_id, visible_from,
  (select coalesce(jsonb_agg(jsonb_build_object(
     'page_from', page_from, 'page_to', page_to, 'visible_from', ${isoTime(sql, "r.visible_from")})
     order by r.id), '[]')
   from page_releases r where r.document_id = documents.id) as page_releases,
  created_at, updated_at`;

export type DocumentAccepted = { document_id: string; job_id: string; created: boolean };

/**
 * Inserts a document for a stored PDF and queues its ingestion in one transaction. If the course already
 * has the same bytes, returns that document with `created` false. The documents of each owner are apart.
 *
 * @throws AppError `course_not_found`, `user_not_found`
 */
export async function requestDocument(
  sql: Sql,
  request: StoredPdf & {
    id: string;
    course_id: string;
    /** Of personal material. */
    owner_id?: string | null | undefined;
  },
): Promise<DocumentAccepted> {
  const { id, course_id, filename, title, storage_url, size_bytes, sha256, priority } = request;
  const { owner_id = null, visible_from = null, page_releases = [] } = request;
  const [accepted] = await sql<DocumentAccepted[]>`
    select document_id, job_id, created from request_document(
      ${requestedBy(sql, id)}, ${course_id}, ${filename}, ${title}, ${storage_url}, ${size_bytes}::bigint,
      ${sha256}, ${priority}, ${owner_id}, ${visible_from}, ${sql.json(page_releases)})`
    .catch(throwOwnerMissing)
    .catch(throwCourseMissing);
  return accepted!;
}

export type DocumentFilter = AssetFilter & { status?: DocumentStatus | undefined };

/** Newest first. An omitted filter matches every document. */
export async function listDocuments(
  sql: Sql,
  { status, ...filter }: DocumentFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<Document>> {
  const list = `documents ${filter.course_id ?? ""}`;
  const rows = await sql<(Document & { cursor: string })[]>`
    select ${columns(sql)}, ${cursorOf(sql)} from documents
    where ${listedAssets(sql, "documents", filter)}
      ${status ? sql`and shown_status(status, description_job_id) = ${status}` : sql``}
      ${afterCursor(sql, list, cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  return toPage(rows, limit, list);
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
    select d.id as document_id, shown_status(d.status, j.id) as status,
           shown_reason(d.status_reason, j.id) as status_reason, j.id as job_id, ${shownState(sql)},
           j.progress_percent, j.attempt, j.quarantined, ${waitColumns(sql)}, j.error_code,
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
  const metadata = sql.json(facts.metadata as never);
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, "document", token)}),
    first_version as (
      update documents d set
        page_count = ${facts.page_count}, title = coalesce(d.title, ${facts.title}),
        metadata = d.metadata || ${metadata}
      from claimed where d.id = claimed.id and d.next_version_id is null
    ),
    next_version as (
      update document_versions v set
        page_count = ${facts.page_count}, title = coalesce(v.title, ${facts.title}),
        metadata = v.metadata || ${metadata}
      from claimed join documents d on d.id = claimed.id where v.id = d.next_version_id
    )
    select exists (select from claimed) as claimed`;
  return row!.claimed;
}

/** Moves `uploaded` to `described` once all pages are stored; false when the attempt no longer holds the job. */
export async function markDescribed(
  sql: Sql,
  token: ClaimToken,
  language_code: string | null,
): Promise<boolean> {
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, "document", token)}),
    moved as (
      update documents d set
        status = case d.status when 'uploaded' then 'described' else d.status end,
        language_code = case when d.next_version_id is null then ${language_code}
                             else d.language_code end,
        metadata = case when d.next_version_id is null
                        then d.metadata || jsonb_build_object('described_at', now())
                        else d.metadata end
      from claimed where d.id = claimed.id
    ),
    next_version as (
      update document_versions v set
        language_code = ${language_code},
        metadata = v.metadata || jsonb_build_object('described_at', now())
      from claimed join documents d on d.id = claimed.id where v.id = d.next_version_id
    )
    select exists (select from claimed) as claimed`;
  return row!.claimed;
}

/** Retries a failed document and returns its job; null when it did not fail. */
export async function retryDocument(sql: Sql, id: string): Promise<string | null> {
  const [row] = await sql<
    { job_id: string | null }[]
  >`select retry_document(${requestedBy(sql, id)}) as job_id`;
  return row!.job_id;
}

/** Documents that were deleted at least `seconds` ago, so that no worker uses their files. */
export async function listDeletedDocuments(sql: Sql, seconds: number): Promise<{ id: string }[]> {
  return sql<{ id: string }[]>`
    select id from documents where deleted_at < now() - ${seconds} * interval '1 second' limit 100`;
}

/** Deletes the rows of a deleted document; its files must be removed before. */
export async function purgeDocument(sql: Sql, id: string): Promise<void> {
  await sql`delete from documents where id = ${id} and deleted_at is not null`;
}
