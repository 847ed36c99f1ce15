import { AppError } from "../errors";
import type { InitialRelease, PageRelease } from "./access/releases";
import { type AssetFilter, listedAssets, throwCourseMissing, throwOwnerMissing } from "./assets";
import type { Sql } from "./client";
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
  request: {
    id: string;
    course_id: string;
    filename: string;
    title: string | null;
    storage_url: string;
    size_bytes: number;
    sha256: string;
    priority: "normal" | "high";
    /** Of personal material. */
    owner_id?: string | null | undefined;
  } & InitialRelease,
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
  const rows = await sql<(Document & { cursor: string })[]>`
    select ${columns(sql)}, ${cursorOf(sql)} from documents
    where ${listedAssets(sql, "documents", filter)}
      ${status ? sql`and shown_status(status, description_job_id) = ${status}` : sql``}
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

/** A version of a document, without its pages. */
export type DocumentVersion = {
  sha256: string;
  filename: string;
  size_bytes: number;
  page_count: number | null;
  /**
   * `current`: questions are answered from it. `building`: a job makes it. `failed`: its job failed or was
   * cancelled. `replaced`: it was current before.
   */
  status: "current" | "building" | "failed" | "replaced";
  uploaded_at: string;
  replaced_at: string | null;
};

export type StoredVersion = DocumentVersion & { document_id: string; file_id: string };

/** The version that each document shows. */
const shownVersions = (sql: Sql) => sql`
  select d.id as document_id, coalesce(d.file_id, d.id) as file_id, d.sha256, d.filename,
         d.size_bytes::float8 as size_bytes, d.page_count, d.uploaded_at, null::timestamptz as replaced_at,
         case when has_published(d.id) then 'current'
              when d.status = 'failed' or d.next_version_id is not null then 'failed'
              else 'building' end as status
  from documents d where d.deleted_at is null`;

/** The versions of all documents that are not deleted. */
const versions = (sql: Sql) => sql`
  ${shownVersions(sql)}
  union all
  select v.document_id, v.file_id, v.sha256, v.filename, v.size_bytes::float8, v.page_count,
         v.uploaded_at, v.replaced_at,
         case when d.next_version_id is distinct from v.id then 'replaced'
              when d.status = 'failed' then 'failed'
              else 'building' end
  from document_versions v join documents d on d.id = v.document_id where d.deleted_at is null`;

/**
 * The versions of a document, newest upload first. While a job describes the current file again, that file
 * is in the list twice.
 *
 * @throws AppError `document_not_found`
 */
export async function listVersions(sql: Sql, document_id: string): Promise<StoredVersion[]> {
  const found = await sql<StoredVersion[]>`
    select * from (${versions(sql)}) version where document_id = ${document_id}
    order by uploaded_at desc, status desc`;
  if (found.length === 0) throw new AppError("document_not_found");
  return found;
}

/**
 * The version that a document shows: the current one, or the first one while it is built.
 *
 * @throws AppError `document_not_found`
 */
export async function getShownVersion(sql: Sql, document_id: string): Promise<StoredVersion> {
  const [version] = await sql<StoredVersion[]>`
    select * from (${shownVersions(sql)}) version where document_id = ${document_id}`;
  if (!version) throw new AppError("document_not_found");
  return version;
}

/**
 * The version of a document with these bytes.
 *
 * @throws AppError `document_not_found`, `version_not_found`
 */
export async function getVersion(
  sql: Sql,
  document_id: string,
  sha256: string,
): Promise<StoredVersion> {
  const found = await listVersions(sql, document_id);
  const matching = found.filter((version) => version.sha256 === sha256);
  const version = matching.find(({ status }) => status === "current") ?? matching[0];
  if (!version) throw new AppError("version_not_found");
  return version;
}

/** The version that the last job of a document builds or has built. */
export type DocumentBuild = {
  id: string;
  /** Identifies the build; null for the first version, and after a swap. */
  next_version_id: string | null;
  file_id: string;
  filename: string;
  sha256: string;
  title: string | null;
  page_count: number | null;
};

/** @throws AppError `document_not_found` */
export async function getBuild(sql: Sql, document_id: string): Promise<DocumentBuild> {
  const [build] = await sql<DocumentBuild[]>`
    select d.id, d.next_version_id, coalesce(v.file_id, d.file_id, d.id) as file_id,
           coalesce(v.filename, d.filename) as filename,
           coalesce(v.sha256, d.sha256) as sha256, coalesce(d.title, v.title) as title,
           case when v.id is null then d.page_count else v.page_count end as page_count
    from documents d left join document_versions v on v.id = d.next_version_id
    where d.id = ${document_id} and d.deleted_at is null`;
  if (!build) throw new AppError("document_not_found");
  return build;
}

export type VersionAccepted = { job_id: string; created: boolean; file_used: boolean };

/**
 * Makes a stored PDF the next version of a document and queues its ingestion in one transaction. An older
 * build stops.
 *
 * @returns `created` is false when the document has these bytes or a job builds them already; `file_used`
 *   is false when the document already has a file with these bytes
 * @throws AppError `document_not_found`, `document_duplicate`
 */
export async function requestVersion(
  sql: Sql,
  document_id: string,
  request: {
    file_id: string;
    filename: string;
    title: string | null;
    storage_url: string;
    size_bytes: number;
    sha256: string;
    priority: "normal" | "high";
  } & InitialRelease,
): Promise<VersionAccepted> {
  const { file_id, filename, title, storage_url, size_bytes, sha256, priority } = request;
  const { visible_from = null, page_releases = [] } = request;
  const [accepted] = await sql<(VersionAccepted & { duplicate_of: string | null })[]>`
    select job_id, created, file_used, duplicate_of from request_version(
      ${requestedBy(sql, document_id)}, ${file_id}, ${filename}, ${title}, ${storage_url}, ${size_bytes}::bigint,
      ${sha256}, ${priority}, ${visible_from}, ${sql.json(page_releases)})`;
  if (!accepted) throw new AppError("document_not_found");
  const { duplicate_of, ...version } = accepted;
  if (duplicate_of) throw new AppError("document_duplicate", { document_id: duplicate_of });
  return version;
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

/** Records the file before it is stored, so that cleanup finds it if no row follows. */
export async function addUnclaimedFile(sql: Sql, file_id: string): Promise<void> {
  await sql`insert into unclaimed_files (file_id) values (${file_id})`;
}

/** Forgets an unclaimed file after its removal. */
export async function deleteUnclaimedFile(sql: Sql, file_id: string): Promise<void> {
  await sql`delete from unclaimed_files where file_id = ${file_id}`;
}

/** Starts the removal of files without a row after `seconds`; returns their ids. No upload can use them any more. */
export async function startFileRemoval(sql: Sql, seconds: number): Promise<string[]> {
  const started = await sql<{ file_id: string }[]>`
    update unclaimed_files set removal_started = true where file_id in (
      select file_id from unclaimed_files
      where since < now() - ${seconds} * interval '1 second' order by since limit 100)
    returning file_id`;
  return started.map(({ file_id }) => file_id);
}

/** A stored PDF and the checksum of its upload. */
export type DocumentFile = {
  file_id: string;
  document_id: string;
  filename: string;
  sha256: string;
};

/** The files of all versions, ordered by id, after the id `after`. */
export async function listStoredFiles(
  sql: Sql,
  after: string | null,
  limit: number,
): Promise<DocumentFile[]> {
  return sql<DocumentFile[]>`
    select distinct on (file_id) file_id, document_id, filename, sha256
    from (${versions(sql)}) version ${after ? sql`where file_id > ${after}` : sql``}
    order by file_id limit ${limit}`;
}

/** The files of all versions of a document, also of a deleted one. */
export async function listDocumentFiles(sql: Sql, document_id: string): Promise<string[]> {
  const rows = await sql<{ file_id: string }[]>`
    select coalesce(file_id, id) as file_id from documents where id = ${document_id}
    union select file_id from document_versions where document_id = ${document_id}`;
  return rows.map(({ file_id }) => file_id);
}

/** Deletes the rows of a deleted document; its files must be removed before. */
export async function purgeDocument(sql: Sql, id: string): Promise<void> {
  await sql`delete from documents where id = ${id} and deleted_at is not null`;
}
