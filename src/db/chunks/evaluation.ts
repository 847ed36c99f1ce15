import pgvector from "pgvector";
import type { SlideChunk } from "../../text/chunk-slides";
import type { TranscriptChunk } from "../../text/chunk-transcript";
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
           c.metadata, c.text_config::regconfig, c.embedding::halfvec, ${model}
    from jsonb_to_recordset(${sql.json(chunks as never)}) as c
      (document_id uuid, chunk_index int, page_number int, page_end int, content text, search_text text,
       metadata jsonb, text_config text, embedding text)
    join stored on stored.id = c.document_id`;
}

export type EvaluatedDeck = EvaluatedDocument & { pages: { page_number: number; text: string }[] };

export type EvaluatedTalk = {
  id: string;
  text_config: string;
  segments: readonly { start_ms: number; end_ms: number; text: string }[];
  chunks: (TranscriptChunk & { embedding: number[] })[];
};

/** Stores a lecture of an evaluation and its deck, complete but not aligned. */
export async function insertEvaluatedLecture(
  sql: Sql,
  course_id: string,
  model: string,
  { deck, talk }: { deck: EvaluatedDeck; talk: EvaluatedTalk },
): Promise<void> {
  await insertEvaluated(sql, course_id, model, [deck]);
  const chunks = talk.chunks.map(({ embedding, ...chunk }) => ({
    ...chunk,
    search_text: toSearchText(chunk.content),
    embedding: pgvector.toSql(embedding),
  }));
  const text = talk.segments.map((segment) => segment.text).join("\n");
  const word_segments = { segments: talk.segments, words: [] };
  await sql`
    with page as (
      insert into slide_descriptions (document_id, page_number, raw_description, normalized_description,
                                      described_by)
      select ${deck.id}, p.page_number, p.text, p.text, 'text'
      from jsonb_to_recordset(${sql.json(deck.pages)}) as p (page_number int, text text)
    ),
    lecture as (
      insert into lectures (id, course_id, source, title, status)
      values (${talk.id}, ${course_id}, 'transcript', ${deck.title}, 'completed') returning id
    ),
    transcript as (
      insert into lecture_transcripts (lecture_id, transcript_text, word_segments, token_count, provider)
      select id, ${text}, ${sql.json(word_segments as never)}, 0, 'evaluation' from lecture
    )
    insert into lecture_chunks (lecture_id, course_id, chunk_index, start_ms, end_ms, content, search_text,
                                metadata, text_config, embedding, embedding_model)
    select lecture.id, ${course_id}, c.chunk_index, c.start_ms, c.end_ms, c.content, c.search_text,
           c.metadata, ${talk.text_config}::regconfig, c.embedding::halfvec, ${model}
    from lecture, jsonb_to_recordset(${sql.json(chunks as never)}) as c
      (chunk_index int, start_ms int, end_ms int, content text, search_text text, metadata jsonb,
       embedding text)`;
  await sql`select request_alignments(array[${talk.id}::uuid])`;
}
