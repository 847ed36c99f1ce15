import type { TranscriptChunk } from "../../text/chunk-transcript";
import type { Sql } from "../client";
import { type ClaimToken, claimedAsset } from "../jobs/jobs";

/**
 * Replaces the chunks of a lecture in one statement. A chunk with unchanged text keeps its id and its
 * embedding, so a second attempt pays only for missing embeddings.
 *
 * @param text_config the PostgreSQL text search configuration of the lecture's language
 * @returns false when the attempt no longer holds the job
 */
export async function replaceLectureChunks(
  sql: Sql,
  token: ClaimToken,
  chunks: TranscriptChunk[],
  text_config: string,
): Promise<boolean> {
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, "lecture", token)}),
    wanted as (
      select * from jsonb_to_recordset(${sql.json(chunks as never)}) as chunk
        (chunk_index int, start_ms int, end_ms int, content text, metadata jsonb)
    ),
    gone as (
      delete from lecture_chunks c using claimed
      where c.lecture_id = claimed.id and c.chunk_index >= ${chunks.length}
    ),
    written as (
      insert into lecture_chunks as c
        (lecture_id, course_id, chunk_index, start_ms, end_ms, content, metadata, text_config)
      select claimed.id, claimed.course_id, w.chunk_index, w.start_ms, w.end_ms, w.content, w.metadata,
             ${text_config}::text::regconfig
      from claimed, wanted w
      on conflict (lecture_id, chunk_index) do update set
        start_ms = excluded.start_ms, end_ms = excluded.end_ms,
        content = excluded.content, metadata = excluded.metadata, text_config = excluded.text_config,
        embedding = case when c.content = excluded.content then c.embedding end,
        embedding_model = case when c.content = excluded.content then c.embedding_model end
    )
    select exists (select from claimed) as claimed`;
  return row!.claimed;
}
