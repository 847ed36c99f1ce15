import type { SlideChunk } from "../text/chunk-slides";
import type { Sql } from "./client";
import { type ClaimToken, claimedAsset } from "./jobs/jobs";
import type { Page } from "./page";

export type DescribedBy = "model" | "ocr" | "text";

export type SlideDescription = {
  page_number: number;
  raw_description: string;
  normalized_description: string;
  described_by: DescribedBy;
  metadata: {
    title?: string | undefined;
    section?: string | undefined;
    label?: string | undefined;
    tags?: string[] | undefined;
    /** BCP 47, detected by the model. */
    language?: string | undefined;
    /** Why there is no description by the model or by OCR. */
    describe_error?: string | undefined;
    [more: string]: unknown;
  };
};

/** Pages in order, after the page `after`. */
export async function listDescriptions(
  sql: Sql,
  document_id: string,
  { after = 0, limit = 100_000 }: { after?: number; limit?: number } = {},
): Promise<SlideDescription[]> {
  return sql<SlideDescription[]>`
    select page_number, raw_description, normalized_description, described_by, metadata
    from slide_descriptions
    where document_id = ${document_id} and page_number > ${after}
    order by page_number limit ${limit}`;
}

/**
 * Pages that are completely described, in order.
 *
 * @param includeBlank also pages without text and pages whose picture was not read: without model and OCR
 *   they have no more
 */
export async function listDescribedPages(
  sql: Sql,
  document_id: string,
  includeBlank: boolean,
): Promise<number[]> {
  const rows = await sql<{ page_number: number }[]>`
    select page_number from slide_descriptions
    where document_id = ${document_id} and (${includeBlank} or described_by <> 'text'
      or metadata->>'describe_error' <> 'picture_not_read'
      or (normalized_description <> '' and not metadata ? 'describe_error'))
    order by page_number`;
  return rows.map(({ page_number }) => page_number);
}

/**
 * Stores a described page. False when the attempt no longer holds the job.
 */
export async function saveDescription(
  sql: Sql,
  token: ClaimToken,
  page: SlideDescription,
): Promise<boolean> {
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, "document", token)}),
    saved as (
      insert into slide_descriptions
        (document_id, page_number, raw_description, normalized_description, described_by, metadata)
      select id, ${page.page_number}, ${page.raw_description}, ${page.normalized_description},
             ${page.described_by}, ${sql.json(page.metadata as never)}
      from claimed
      on conflict (document_id, page_number) do update set
        raw_description = excluded.raw_description,
        normalized_description = excluded.normalized_description,
        described_by = excluded.described_by, metadata = excluded.metadata
    )
    select exists (select from claimed) as claimed`;
  return row!.claimed;
}

/**
 * Replaces the chunks of a document in one statement. A chunk with unchanged text keeps its id and its
 * embedding, so a second attempt pays only for missing embeddings.
 *
 * @param text_config the PostgreSQL text search configuration of the document's language
 * @returns false when the attempt no longer holds the job
 */
export async function replaceSlideChunks(
  sql: Sql,
  token: ClaimToken,
  chunks: SlideChunk[],
  text_config: string,
): Promise<boolean> {
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, "document", token)}),
    wanted as (
      select * from jsonb_to_recordset(${sql.json(chunks as never)}) as chunk
        (chunk_index int, page_number int, page_end int, content text, metadata jsonb)
    ),
    removed as (
      delete from slide_chunks c using claimed
      where c.document_id = claimed.id and c.chunk_index >= ${chunks.length}
    ),
    written as (
      insert into slide_chunks as c
        (document_id, course_id, chunk_index, page_number, page_end, content, metadata, text_config)
      select claimed.id, claimed.course_id, w.chunk_index, w.page_number, w.page_end, w.content,
             w.metadata, ${text_config}::text::regconfig
      from claimed, wanted w
      on conflict (document_id, chunk_index) do update set
        page_number = excluded.page_number, page_end = excluded.page_end,
        content = excluded.content, metadata = excluded.metadata, text_config = excluded.text_config,
        embedding = case when c.content = excluded.content then c.embedding end,
        embedding_model = case when c.content = excluded.content then c.embedding_model end
    )
    select exists (select from claimed) as claimed`;
  return row!.claimed;
}

export type SlideChunkRow = SlideChunk & { id: string; embedding_model: string | null };

/** Chunks in order, without their vectors; the cursor is the index of the last one. */
export async function listSlideChunks(
  sql: Sql,
  document_id: string,
  { limit, after }: { limit: number; after: number },
): Promise<Page<SlideChunkRow>> {
  const rows = await sql<SlideChunkRow[]>`
    select id, chunk_index, page_number, page_end, content, metadata, embedding_model
    from slide_chunks where document_id = ${document_id} and chunk_index > ${after}
    order by chunk_index limit ${limit + 1}`;
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return { items, next_cursor: last ? String(last.chunk_index) : null };
}
