import type { Sql } from "./client";
import { allVersions } from "./document-versions";

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
    from (${allVersions(sql)}) version ${after ? sql`where file_id > ${after}` : sql``}
    order by file_id limit ${limit}`;
}

/** The files of all versions of a document, also of a deleted one. */
export async function listDocumentFiles(sql: Sql, document_id: string): Promise<string[]> {
  const rows = await sql<{ file_id: string }[]>`
    select coalesce(file_id, id) as file_id from documents where id = ${document_id}
    union select file_id from document_versions where document_id = ${document_id}`;
  return rows.map(({ file_id }) => file_id);
}
