import type { Sql } from "./client";
import type { JobKind } from "./jobs/jobs";

/** Files without a row, and rows without their file. Each is recorded as an event once. */

/** A row with its file: a version of a document, or a lecture with uploaded audio. */
export type FileOwner = { file_id: string; asset_id: string };

/** The rows with files, ordered by file id, after the id `after`. */
export async function listFileOwners(
  sql: Sql,
  kind: JobKind,
  after: string | null,
  limit: number,
): Promise<FileOwner[]> {
  return sql<FileOwner[]>`
    select distinct on (file_id) file_id, asset_id from ${fileOwners(sql, kind)}
    ${after ? sql`where file_id > ${after}` : sql``}
    order by file_id limit ${limit}`;
}

const fileOwners = (sql: Sql, kind: JobKind) =>
  kind === "document"
    ? sql`(
        select coalesce(file_id, id) as file_id, id as asset_id from documents where deleted_at is null
        union all
        select v.file_id, v.document_id from document_versions v
        join documents d on d.id = v.document_id where d.deleted_at is null) as owner`
    : sql`(
        select audio_file_id as file_id, id as asset_id from lectures
        where audio_file_id is not null and deleted_at is null) as owner`;

/** Records those of the stored files that belong to no asset and no upload; returns their number. */
export async function recordOrphanFiles(
  sql: Sql,
  kind: JobKind,
  file_ids: string[],
): Promise<number> {
  const recorded = await sql`
    insert into processing_events (asset_type, event_type, payload)
    select 'system', 'file_without_row', jsonb_build_object('kind', ${kind}::text, 'file_id', f.id)
    from unnest(${file_ids}::uuid[]) as f (id)
    where f.id not in (${knownFiles(sql, kind)})
      and not exists (
        select from processing_events e
        where e.event_type = 'file_without_row' and e.payload ->> 'file_id' = f.id::text)
    returning id`;
  return recorded.length;
}

/** Also of deleted assets and of uploads: maintenance removes those files. */
const knownFiles = (sql: Sql, kind: JobKind) =>
  kind === "document"
    ? sql`
        select coalesce(file_id, id) from documents union all select file_id from document_versions
        union all select file_id from unclaimed_files`
    : sql`
        select audio_file_id from lectures where audio_file_id is not null
        union all select file_id from unclaimed_audio`;

/** Records that the file of an asset is missing; returns the number of new events, 0 or 1. */
export async function recordMissingFile(
  sql: Sql,
  kind: JobKind,
  { asset_id, file_id }: FileOwner,
): Promise<number> {
  const assets = kind === "document" ? sql`documents` : sql`lectures`;
  const recorded = await sql`
    insert into processing_events (asset_type, asset_id, course_id, event_type, payload)
    select ${kind}, a.id, a.course_id, 'file_missing', jsonb_build_object('file_id', ${file_id}::text)
    from ${assets} a where a.id = ${asset_id} and a.deleted_at is null
      and not exists (
        select from processing_events e
        where e.asset_id = a.id and e.event_type = 'file_missing'
          and e.payload ->> 'file_id' = ${file_id}::text)
    returning id`;
  return recorded.length;
}

/** Records the removal of a file that no document used. */
export async function recordRemovedOrphan(sql: Sql, file_id: string): Promise<void> {
  await sql`
    insert into processing_events (asset_type, event_type, payload)
    values ('system', 'orphan_file_removed', jsonb_build_object('file_id', ${file_id}::text))`;
}
