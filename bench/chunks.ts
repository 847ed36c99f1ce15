/**
 * Writing the chunks of an hour of lecture, drafts and vectors, beside COPY of the same rows into a table without
 * indexes: `bun bench/chunks.ts`. COPY is the fastest way into PostgreSQL, but it neither checks that the attempt
 * still holds its job nor keeps the vectors of unchanged texts.
 */

import { saveEmbeddings } from "../src/db/chunks/chunk-embeddings";
import { type DraftChunk, replaceDraftChunks } from "../src/db/chunks/draft-chunks";
import { connect, type Sql } from "../src/db/client";
import { insertCourse } from "../src/db/courses";
import { migrate } from "../src/db/migrate";
import { claimJob, QUEUES } from "../src/queue/queue";
import { createDocument } from "../tests/support/factories";
import { type Figure, inTurn, isQuick, publish } from "./figures";
import { createNativeDatabase } from "./lib";

const ROUNDS = isQuick ? 5 : 15;
const DIMENSIONS = 1_536;
/** Chunks of a short lecture and of a very long course day. */
const SIZES = [100, 500];
const BATCH = 100;

const vector = () => Array.from({ length: DIMENSIONS }, () => Math.random() - 0.5);

const chunksOf = (count: number): DraftChunk[] =>
  Array.from({ length: count }, (_, n) => ({
    chunk_index: n,
    starts: n + 1,
    ends: n + 1,
    content: `Chunk ${n} ${crypto.randomUUID()}: ${"the entropy of a source bounds every code for it. ".repeat(12)}`,
    metadata: {},
  }));

async function write(sql: Sql, course_id: string, chunks: DraftChunk[], vectors: number[][]) {
  await createDocument(sql, course_id);
  const job = (await claimJob(sql, QUEUES, 3_600))!;
  await replaceDraftChunks(sql, "document", job, chunks, "english");
  const drafts = await sql<{ id: string }[]>`
    select d.id from draft_chunks d join document_jobs j on j.document_id = d.document_id
    where j.id = ${job.job_id} order by chunk_index`;
  for (let from = 0; from < drafts.length; from += BATCH) {
    const batch = drafts.slice(from, from + BATCH);
    await saveEmbeddings(sql, "document", job, {
      model: "openai:bench",
      vectors: batch.map(({ id }, n) => ({ id, embedding: vectors[from + n]! })),
    });
  }
}

async function copy(sql: Sql, chunks: DraftChunk[], vectors: number[][]): Promise<void> {
  const sink = await sql`copy bench_chunks from stdin`.writable();
  for (const [n, { chunk_index, starts, ends, content }] of chunks.entries())
    sink.write(`${chunk_index}\t${starts}\t${ends}\t${content}\t[${vectors[n]!.join(",")}]\n`);
  await new Promise<void>((resolve, reject) => sink.once("error", reject).end(resolve));
}

const database = await createNativeDatabase();
if (!database) process.exit(1);
await migrate(database.url);
const sql = connect(database.url, { max: 2 });
const { id: course_id } = await insertCourse(sql, { name: "Chunks" });
await sql`create table bench_chunks (chunk_index int, starts int, ends int, content text, embedding vector)`;

const figures: Figure[] = [];
for (const size of SIZES) {
  const vectors = Array.from({ length: size }, vector);
  const ours = () => write(sql, course_id, chunksOf(size), vectors);
  const peer = () => copy(sql, chunksOf(size), vectors);
  await inTurn(1, ours, peer);
  const times = await inTurn(ROUNDS, ours, peer);
  figures.push({
    id: `chunks.write_${size}`,
    what: `${size} chunks written with their vectors`,
    unit: "ms",
    samples: times.ours,
    peer: { what: "COPY", samples: times.peer },
    growth: { of: "chunk writing", size, unit: "chunks" },
  });
}
await sql.end();
await database.close();
await publish(figures);
process.exit(0);
