import type { Viewer } from "../principal";
import type { SlideChunk } from "../text/chunk-slides";
import { visiblePages } from "./access/visibility";
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

/** Pages of the current version that the viewer sees, in order, after the page `after`. */
export async function listDescriptions(
  sql: Sql,
  document_id: string,
  viewer: Viewer,
  { after = 0, limit = 100_000 }: { after?: number; limit?: number } = {},
): Promise<SlideDescription[]> {
  return sql<SlideDescription[]>`
    select page_number, raw_description, normalized_description, described_by, metadata
    from slide_descriptions
    where document_id = ${document_id} and page_number > ${after}
      ${visiblePages(sql, viewer, "slide_descriptions", "page_number")}
    order by page_number limit ${limit}`;
}

/** All pages of the version that the last job of a document builds or has built, in order. */
export async function listBuildDescriptions(
  sql: Sql,
  document_id: string,
): Promise<SlideDescription[]> {
  return sql<SlideDescription[]>`
    select page_number, raw_description, normalized_description, described_by, metadata
    from build_descriptions where document_id = ${document_id} order by page_number`;
}

/**
 * Pages of that version that are completely described, in order.
 *
 * @param includeBlank also pages without text and pages with an unread picture, which stay like this
 *   without a model and OCR
 */
export async function listDescribedPages(
  sql: Sql,
  document_id: string,
  includeBlank: boolean,
): Promise<number[]> {
  const rows = await sql<{ page_number: number }[]>`
    select page_number from build_descriptions
    where document_id = ${document_id} and (${includeBlank} or described_by <> 'text'
      or metadata->>'describe_error' <> 'picture_not_read'
      or (normalized_description <> '' and not metadata ? 'describe_error'))
    order by page_number`;
  return rows.map(({ page_number }) => page_number);
}

/**
 * Stores a described page of the version that the job builds. False when the attempt no longer holds the job.
 */
export async function saveDescription(
  sql: Sql,
  token: ClaimToken,
  page: SlideDescription,
): Promise<boolean> {
  const columns = sql`
    page_number, raw_description, normalized_description, described_by, metadata`;
  const values = sql`
    ${page.page_number}::int, ${page.raw_description}, ${page.normalized_description},
    ${page.described_by}, ${sql.json(page.metadata as never)}::jsonb`;
  const update = sql`do update set
    raw_description = excluded.raw_description,
    normalized_description = excluded.normalized_description,
    described_by = excluded.described_by, metadata = excluded.metadata`;
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, "document", token)}),
    target as (
      select d.id, d.next_version_id from claimed join documents d on d.id = claimed.id
    ),
    first_version as (
      insert into slide_descriptions (document_id, ${columns})
      select id, ${values} from target where next_version_id is null
      on conflict (document_id, page_number) ${update}
    ),
    next_version as (
      insert into version_descriptions (version_id, ${columns})
      select next_version_id, ${values} from target where next_version_id is not null
      on conflict (version_id, page_number) ${update}
    )
    select exists (select from claimed) as claimed`;
  return row!.claimed;
}

export type SlideChunkRow = SlideChunk & { id: string; embedding_model: string | null };

/** Chunks that the viewer sees, in order, without their vectors; the cursor is the index of the last one. */
export async function listSlideChunks(
  sql: Sql,
  document_id: string,
  viewer: Viewer,
  { limit, after }: { limit: number; after: number },
): Promise<Page<SlideChunkRow>> {
  const rows = await sql<SlideChunkRow[]>`
    select id, chunk_index, page_number, page_end, content, metadata, embedding_model
    from slide_chunks where document_id = ${document_id} and chunk_index > ${after}
      ${visiblePages(sql, viewer, "slide_chunks", "page_end")}
    order by chunk_index limit ${limit + 1}`;
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return { items, next_cursor: last ? String(last.chunk_index) : null };
}
