import type { Sql } from "./client";

/** Files that no row names, and rows whose file is missing. Each is recorded as an event once. */

/** Records those of the stored files that belong to no document and no upload; returns their number. */
export async function recordOrphanFiles(sql: Sql, file_ids: string[]): Promise<number> {
  const recorded = await sql`
    insert into processing_events (asset_type, event_type, payload)
    select 'system', 'file_without_row', jsonb_build_object('file_id', f.id)
    from unnest(${file_ids}::uuid[]) as f (id)
    where not exists (select from documents d where d.id = f.id and d.file_id is null)
      and not exists (select from documents d where d.file_id = f.id)
      and not exists (select from document_versions v where v.file_id = f.id)
      and not exists (select from unclaimed_files u where u.file_id = f.id)
      and not exists (
        select from processing_events e
        where e.event_type = 'file_without_row' and e.payload ->> 'file_id' = f.id::text)
    returning id`;
  return recorded.length;
}

/** Records that the file of a document is missing; returns the number of new events, 0 or 1. */
export async function recordMissingFile(
  sql: Sql,
  { document_id, file_id }: { document_id: string; file_id: string },
): Promise<number> {
  const recorded = await sql`
    insert into processing_events (asset_type, asset_id, course_id, event_type, payload)
    select 'document', d.id, d.course_id, 'file_missing', jsonb_build_object('file_id', ${file_id}::text)
    from documents d where d.id = ${document_id} and d.deleted_at is null
      and not exists (
        select from processing_events e
        where e.asset_id = d.id and e.event_type = 'file_missing'
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
