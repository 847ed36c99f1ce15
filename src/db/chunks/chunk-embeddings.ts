import pgvector from "pgvector";
import type { Sql } from "../client";
import { type ClaimToken, claimedAsset, type JobKind } from "../jobs/jobs";

export type UnembeddedChunk = { id: string; content: string };

/** Draft chunks of a lecture or a document without a vector of the given model, in order. */
export async function listUnembeddedChunks(
  sql: Sql,
  kind: JobKind,
  asset_id: string,
  model: string,
): Promise<UnembeddedChunk[]> {
  return sql<UnembeddedChunk[]>`
    select id, content from draft_chunks
    where ${sql(`${kind}_id` as string)} = ${asset_id} and embedding_model is distinct from ${model}
    order by chunk_index`;
}

export type EmbeddedBatch = { model: string; vectors: { id: string; embedding: number[] }[] };

/** Stores a batch of vectors of draft chunks; false when the attempt no longer holds the job. */
export async function saveEmbeddings(
  sql: Sql,
  kind: JobKind,
  token: ClaimToken,
  { model, vectors }: EmbeddedBatch,
): Promise<boolean> {
  const ids = vectors.map(({ id }) => id);
  const texts = vectors.map(({ embedding }) => pgvector.toSql(embedding));
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, kind, token)}),
    written as (
      update draft_chunks c
      set embedding = fresh.vector::halfvec, embedding_model = ${model}
      from claimed, unnest(${ids}::uuid[], ${texts}::text[]) as fresh (id, vector)
      where c.id = fresh.id and c.${sql(`${kind}_id` as string)} = claimed.id
    )
    select exists (select from claimed) as claimed`;
  return row!.claimed;
}
