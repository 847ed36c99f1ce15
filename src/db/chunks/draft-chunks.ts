import { toSearchText } from "../../text/search-words";
import type { Sql } from "../client";
import { type ClaimToken, claimedAsset, type JobKind } from "../jobs/jobs";

/**
 * The chunks that a job makes of a lecture or a document. Search reads none of them before `publishAsset`
 * makes all of them the chunks of the asset at once.
 */
export type DraftChunk = {
  chunk_index: number;
  /** Milliseconds from the start of a lecture, or the first and last page of a document. */
  starts: number;
  ends: number;
  content: string;
  metadata: object;
};

const PUBLISHED = { lecture: "lecture_chunks", document: "slide_chunks" } as const;

/**
 * Replaces the drafts of an asset in one statement. A draft keeps its vector while its text is unchanged,
 * and takes the vector of a published chunk with the same text, so a job pays only for missing embeddings.
 *
 * @param text_config the PostgreSQL text search configuration of the asset's language
 * @returns false when the attempt no longer holds the job
 */
export async function replaceDraftChunks(
  sql: Sql,
  kind: JobKind,
  token: ClaimToken,
  chunks: DraftChunk[],
  text_config: string,
): Promise<boolean> {
  const wanted = chunks.map((chunk) => ({ ...chunk, search_text: toSearchText(chunk.content) }));
  const asset_id = sql(`${kind}_id` as string);
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, kind, token)}),
    wanted as (
      select * from jsonb_to_recordset(${sql.json(wanted as never)}) as chunk
        (chunk_index int, starts int, ends int, content text, search_text text, metadata jsonb)
    ),
    embedded as (
      select distinct on (p.content) p.content, p.embedding, p.embedding_model
      from claimed join ${sql(PUBLISHED[kind] as string)} p on p.${asset_id} = claimed.id
      order by p.content, p.chunk_index
    ),
    removed as (
      delete from draft_chunks c using claimed
      where c.${asset_id} = claimed.id and c.chunk_index >= ${chunks.length}
    ),
    written as (
      insert into draft_chunks as c (${asset_id}, chunk_index, starts, ends, content, search_text,
                                     metadata, text_config, embedding, embedding_model)
      select claimed.id, w.chunk_index, w.starts, w.ends, w.content, w.search_text,
             w.metadata, ${text_config}::text::regconfig, e.embedding, e.embedding_model
      from claimed cross join wanted w left join embedded e on e.content = w.content
      on conflict (${asset_id}, chunk_index) do update set
        starts = excluded.starts, ends = excluded.ends,
        content = excluded.content, search_text = excluded.search_text,
        metadata = excluded.metadata, text_config = excluded.text_config,
        embedding = case when c.content = excluded.content and c.embedding is not null
                         then c.embedding else excluded.embedding end,
        embedding_model = case when c.content = excluded.content and c.embedding is not null
                               then c.embedding_model else excluded.embedding_model end
    )
    select exists (select from claimed) as claimed`;
  return row!.claimed;
}

/**
 * Publishes the result of a job as the content of its asset, in one transaction: the drafts become its
 * chunks, and a new version of a document or a new transcript of a lecture replaces the former one.
 *
 * @returns false when the attempt no longer holds the job
 */
export async function publishAsset(
  sql: Sql,
  { job_id, message_id, attempt }: ClaimToken,
): Promise<boolean> {
  const [row] = await sql<{ published: boolean }[]>`
    select publish_asset(${job_id}, ${message_id}::bigint, ${attempt}::int) as published`;
  return row!.published;
}
