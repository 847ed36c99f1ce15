import { AppError } from "../errors";
import type { InitialRelease } from "./access/releases";
import type { Sql } from "./client";
import { requestedBy } from "./jobs/requested-by";

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
export const allVersions = (sql: Sql) => sql`
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
    select * from (${allVersions(sql)}) version where document_id = ${document_id}
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

/** A PDF in the storage that a request adds to a course or a document. */
export type StoredPdf = InitialRelease & {
  filename: string;
  title: string | null;
  storage_url: string;
  size_bytes: number;
  sha256: string;
  priority: "normal" | "high";
};

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
  request: StoredPdf & { file_id: string },
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
