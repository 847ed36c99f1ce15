import type { Sql } from "../../src/db/client";
import { toSearchText } from "../../src/text/search-words";

/** A chunk as a test states it; what it leaves out has no part in the test. */
export type SpokenChunk = { content: string; start_ms?: number; end_ms?: number } & Stored;
export type SlideChunk = { content: string; page_number?: number; page_end?: number } & Stored;
type Stored = { text_config?: string; embedding?: number[]; model?: string };

export const DIMENSIONS = 1536;

/** The unit vector in one of the stored dimensions, or between several. */
export function direction(...weights: number[]): number[] {
  const length = Math.hypot(...weights);
  return Array.from({ length: DIMENSIONS }, (_, i) => (weights[i] ?? 0) / length);
}

/** A lecture with its chunks in order, each a second long unless it says otherwise. */
export async function addLecture(
  db: Sql,
  course_id: string,
  chunks: SpokenChunk[],
  { panopto_url = "https://university.example/Viewer.aspx?id=1" } = {},
): Promise<{ id: string; chunk_ids: string[] }> {
  const [lecture] = await db<{ id: string }[]>`
    insert into lectures (course_id, source, title, panopto_url, panopto_session_id)
    values (${course_id}, 'panopto', 'Lecture', ${panopto_url}, gen_random_uuid()::text) returning id`;
  const { id } = lecture!;
  const chunk_ids: string[] = [];
  for (const [i, chunk] of chunks.entries()) {
    const { start_ms = i * 1_000, end_ms = (i + 1) * 1_000 } = chunk;
    const [row] = await db<{ id: string }[]>`
      insert into lecture_chunks (lecture_id, course_id, chunk_index, start_ms, end_ms, content,
                                  search_text, text_config, embedding, embedding_model)
      values (${id}, ${course_id}, ${i}, ${start_ms}, ${end_ms}, ${chunk.content},
              ${toSearchText(chunk.content)}, ${stored(db, chunk)})
      returning id`;
    chunk_ids.push(row!.id);
  }
  return { id, chunk_ids };
}

/** A document with its chunks in order, each a page unless it says otherwise. */
export async function addDocument(
  db: Sql,
  course_id: string,
  chunks: SlideChunk[],
): Promise<{ id: string; chunk_ids: string[] }> {
  const sha256 = new Bun.CryptoHasher("sha256").update(crypto.randomUUID()).digest("hex");
  const [document] = await db<{ id: string }[]>`
    insert into documents (course_id, filename, storage_url, size_bytes, sha256)
    values (${course_id}, 'slides.pdf', 'slides.pdf', 1, ${sha256}) returning id`;
  const { id } = document!;
  const chunk_ids: string[] = [];
  for (const [i, chunk] of chunks.entries()) {
    const { page_number = i + 1, page_end = page_number } = chunk;
    const [row] = await db<{ id: string }[]>`
      insert into slide_chunks (document_id, course_id, chunk_index, page_number, page_end, content,
                                search_text, text_config, embedding, embedding_model)
      values (${id}, ${course_id}, ${i}, ${page_number}, ${page_end}, ${chunk.content},
              ${toSearchText(chunk.content)}, ${stored(db, chunk)})
      returning id`;
    chunk_ids.push(row!.id);
  }
  return { id, chunk_ids };
}

function stored(db: Sql, { text_config = "english", embedding, model = "test:plane" }: Stored) {
  const vector = embedding ? JSON.stringify(embedding) : null;
  return db`${text_config}::text::regconfig, ${vector}::text::halfvec, ${vector ? model : null}`;
}
