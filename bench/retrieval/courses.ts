import { once } from "node:events";
import { refreshWordCounts } from "../../src/db/chunks/word-counts";
import type { Sql } from "../../src/db/client";
import { binaryCopy, type Column } from "./binary-copy";

export type BenchCourse = { id: string; chunks: number };

const DIMENSIONS = 1_536;
const CHUNKS_PER_ASSET = 100;
/** Words of a chunk: about 515 characters. */
const WORDS = 110;
/** 200 topics and 400 directions of noise. */
const POOL = 600;

/**
 * Fills courses of the given sizes by COPY, two thirds lectures and one third slides, in order.
 *
 * A word is the rarer the higher its number, as in speech. A vector is its topic's, and half of the
 * topics occur in several courses, plus noise of low rank.
 *
 * @returns the courses, and the chunks stored per second with all indexes in place
 */
export async function fillCourses(
  sql: Sql,
  sizes: readonly number[],
  model: string,
): Promise<{ courses: BenchCourse[]; rowsPerSecond: number }> {
  const [row] = await sql<{ english: number }[]>`select 'english'::regconfig::oid::int as english`;
  const random = seeded(42);
  const pool = Array.from({ length: POOL }, () =>
    unit(Float32Array.from({ length: DIMENSIONS }, () => random() - 0.5)),
  );
  const courses: BenchCourse[] = [];
  const started = performance.now();
  for (const [number, chunks] of sizes.entries()) {
    const spoken = Math.round((chunks * 2) / 3);
    const course = await insertCourse(sql, number, { spoken, shown: chunks - spoken });
    const toRow = (i: number, asset: string, place: number): Column[] => [
      { uuid: asset },
      { uuid: course.id },
      { int: i % CHUNKS_PER_ASSET },
      { int: place },
      { int: place },
      { text: content(random) },
      { int: row!.english },
      { halves: embedding(pool, number + 1, i) },
      { text: model },
    ];
    const shared = "course_id, chunk_index";
    const rest = "content, text_config, embedding, embedding_model";
    await copy(
      sql,
      `lecture_chunks (lecture_id, ${shared}, start_ms, end_ms, ${rest})`,
      spoken,
      (i) => toRow(i, course.lectures[Math.floor(i / CHUNKS_PER_ASSET)]!, i * 1_000),
    );
    await copy(
      sql,
      `slide_chunks (document_id, ${shared}, page_number, page_end, ${rest})`,
      chunks - spoken,
      (i) => toRow(i, course.documents[Math.floor(i / CHUNKS_PER_ASSET)]!, i + 1),
    );
    courses.push({ id: course.id, chunks });
  }
  const rows = sizes.reduce((sum, chunks) => sum + chunks, 0);
  const rowsPerSecond = rows / ((performance.now() - started) / 1_000);
  await sql`vacuum analyze`;
  while ((await refreshWordCounts(sql)) > 0);
  return { courses, rowsPerSecond };
}

async function insertCourse(sql: Sql, number: number, counts: { spoken: number; shown: number }) {
  const [course] = await sql<{ id: string }[]>`
    insert into courses (name) values (${`Course ${number + 1}`}) returning id`;
  const id = course!.id;
  const assets = (chunks: number) => Math.ceil(chunks / CHUNKS_PER_ASSET);
  const lectures = await sql<{ id: string }[]>`
    insert into lectures (course_id, source, title)
    select ${id}, 'upload', 'Lecture ' || n from generate_series(1, ${assets(counts.spoken)}::int) n
    returning id`;
  const documents = await sql<{ id: string }[]>`
    insert into documents (course_id, filename, storage_url, size_bytes, sha256)
    select ${id}, n || '.pdf', n || '.pdf', 1, encode(sha256((${id} || n)::bytea), 'hex')
    from generate_series(1, ${assets(counts.shown)}::int) n returning id`;
  return { id, lectures: lectures.map((row) => row.id), documents: documents.map((row) => row.id) };
}

async function copy(sql: Sql, target: string, rows: number, toRow: (i: number) => Column[]) {
  if (rows === 0) return;
  const stream = await sql.unsafe(`copy ${target} from stdin (format binary)`).writable();
  for (const part of binaryCopy(rows, toRow)) {
    if (!stream.write(part)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "finish");
}

/** 80 words are drawn so that rare words are many and seldom. */
function content(random: () => number): string {
  const words: string[] = [];
  for (let i = 0; i < WORDS; i++)
    words.push(`w${Math.floor(Math.exp(random() * Math.log(20_000)))}`);
  return words.join(" ");
}

/** Ten topics of each course's own, ten shared; the rest of the pool is noise. */
function embedding(pool: Float32Array[], course: number, i: number): Float16Array {
  const half = Math.floor(i / 2) % 10;
  const topic = pool[i % 2 === 0 ? half : ((course % 19) + 1) * 10 + half]!;
  const one = pool[200 + ((i * 7_919) % 400)]!;
  const other = pool[200 + ((i * 104_729 + 13) % 400)]!;
  const sum = new Float32Array(DIMENSIONS);
  for (let n = 0; n < DIMENSIONS; n++) sum[n] = topic[n]! + one[n]! + other[n]!;
  return new Float16Array(unit(sum));
}

function unit(vector: Float32Array): Float32Array {
  let square = 0;
  for (let n = 0; n < vector.length; n++) square += vector[n]! * vector[n]!;
  const length = Math.sqrt(square);
  for (let n = 0; n < vector.length; n++) vector[n]! /= length;
  return vector;
}

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Three words that many chunks have, three that few have; another question each time, so that nothing is remembered. */
export function newQuestion(): string {
  const word = (from: number, to: number) => `w${from + Math.floor(Math.random() * (to - from))}`;
  const common = [word(2, 60), word(2, 60), word(2, 60)];
  return [...common, word(500, 9_000), word(500, 9_000), word(500, 9_000)].join(" ");
}
