import pgvector from "pgvector";
import type { SlideChunk } from "../../text/chunk-slides";
import { toSearchText } from "../../text/search-words";
import type { Sql } from "../client";

export type EvaluatedDocument = {
  id: string;
  title: string;
  text_config: string;
  chunks: (SlideChunk & { embedding: number[] })[];
};

/** Stores the documents of an evaluation in a course, without files and jobs. */
export async function insertEvaluated(
  sql: Sql,
  course_id: string,
  model: string,
  documents: EvaluatedDocument[],
): Promise<void> {
  const rows = documents.map(({ id, title }) => ({ id, title }));
  const chunks = documents.flatMap(({ id, text_config, chunks }) =>
    chunks.map(({ embedding, ...chunk }) => ({
      ...chunk,
      search_text: toSearchText(chunk.content),
      document_id: id,
      text_config,
      embedding: pgvector.toSql(embedding),
    })),
  );
  await sql`
    with stored as (
      insert into documents (id, course_id, filename, title, storage_url, size_bytes, sha256)
      select id, ${course_id}, 'evaluation.pdf', title, 'evaluation', 0,
             encode(sha256(id::text::bytea), 'hex')
      from jsonb_to_recordset(${sql.json(rows)}) as document (id uuid, title text)
      returning id
    )
    insert into slide_chunks (document_id, course_id, chunk_index, page_number, page_end, content,
                              search_text, metadata, text_config, embedding, embedding_model)
    select stored.id, ${course_id}, c.chunk_index, c.page_number, c.page_end, c.content, c.search_text,
           c.metadata, c.text_config::regconfig, c.embedding::vector, ${model}
    from jsonb_to_recordset(${sql.json(chunks as never)}) as c
      (document_id uuid, chunk_index int, page_number int, page_end int, content text, search_text text,
       metadata jsonb, text_config text, embedding text)
    join stored on stored.id = c.document_id`;
}
