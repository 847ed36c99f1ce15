/**
 * Search, disk and ingest in an installation of 200 courses: of 1 000 to 200 000 chunks, and the rest equal.
 *
 *   bun bench/scale.ts [chunks] [database]
 *
 * Runs on the server that `scripts/postgres` starts or TEST_DATABASE_URL names, in a throw-away database. With a
 * name, the database is kept, and a later run measures it again without filling it. On a busy machine compare the
 * processor time of PostgreSQL (Linux, server on this machine) and ratios; the other times are noise.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Elysia } from "elysia";
import postgres from "postgres";
import { loadConfig } from "../src/config";
import { findCandidates } from "../src/db/chunks/candidates";
import { refreshNearestIndexes } from "../src/db/chunks/nearest-index";
import { connect, type Sql } from "../src/db/client";
import { migrate } from "../src/db/migrate";
import { openMetrics } from "../src/metrics";
import { openProviders } from "../src/providers";
import { retrievalRoutes } from "../src/routes/retrieval";
import { keylessGuard } from "../tests/support/guard";
import { startOpenAI } from "../tests/support/openai";
import { createNativeDatabase, describeMachine, PROJECT, quantile, round, toTable } from "./lib";
import { type BenchCourse, fillCourses, newQuestion } from "./retrieval/courses";
import { compareWords } from "./retrieval/words";

const COURSES = 200;
const MEASURED = [1_000, 5_000, 10_000, 50_000, 200_000];
const QUESTIONS = 30;
const WARM_UP = 6;
const RECALL_QUESTIONS = 40;
/** In larger courses, ranking all chunks takes minutes for a few questions. */
const MOST_COMPARED = 50_000;

/** The measured sizes that leave something for the other courses, then the others, all of one size. */
function sizesOf(total: number): number[] {
  const sizes = MEASURED.filter((size) => size <= total / 4);
  const rest = total - sizes.reduce((sum, size) => sum + size, 0);
  const others = COURSES - sizes.length;
  return [...sizes, ...Array.from({ length: others }, () => Math.floor(rest / others))];
}

/** The measured courses of a filled database, smallest first. */
async function findMeasured(sql: Sql): Promise<BenchCourse[]> {
  const courses = await sql<BenchCourse[]>`
    select course_id as id, count(*)::int as chunks from (
      select course_id from lecture_chunks union all select course_id from slide_chunks
    ) chunk group by course_id order by chunks`;
  return courses.filter(({ chunks }) => MEASURED.includes(chunks));
}

/** Processor time of a process in ms; NaN where the system does not tell. */
function processorMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

async function measure(label: string, pid: number, ask: () => Promise<unknown>) {
  const times: number[] = [];
  const processor: number[] = [];
  for (let i = -WARM_UP; i < QUESTIONS; i++) {
    const before = processorMs(pid);
    const started = performance.now();
    await ask();
    if (i < 0) continue;
    times.push(performance.now() - started);
    processor.push(processorMs(pid) - before);
  }
  return {
    searched: label,
    "API p50, ms": round(quantile(times, 0.5)),
    "API p95, ms": round(quantile(times, 0.95)),
    "PostgreSQL's processor p50, ms": round(quantile(processor, 0.5)),
    "p95, ms": round(quantile(processor, 0.95)),
  };
}

async function post(base: URL, path: string, body: object): Promise<void> {
  const answer = await fetch(new URL(path, base), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const passages = (await answer.json()) as unknown[];
  if (!answer.ok || passages.length === 0) throw new Error(Bun.inspect(passages));
}

/** The share of the true ten nearest chunks of a course, null for all, that search finds by questions near to its chunks. */
async function measureRecall(sql: Sql, model: string, course_id: string | null): Promise<number> {
  const inCourse = course_id === null ? sql`` : sql`and course_id = ${course_id}`;
  const asked = await sql<{ embedding: string }[]>`
    select embedding::text from slide_chunks
    where id >= gen_random_uuid() ${inCourse} order by id limit ${RECALL_QUESTIONS}`;
  const scope = {
    course_ids: course_id === null ? null : [course_id],
    viewer: { owner: "all", seesUnreleased: true } as const,
    lectures: {},
    slides: {},
  };
  let found = 0;
  let wanted = 0;
  for (const { embedding } of asked) {
    const rows = await sql<{ id: string }[]>`
      select id from (
        select id, course_id, embedding from lecture_chunks
        union all select id, course_id, embedding from slide_chunks
      ) chunk
      where true ${inCourse}
      order by embedding <=> ${embedding}::text::halfvec, id limit 10`;
    const truth = new Set(rows.map(({ id }) => id));
    const embeddings = [{ model, vector: JSON.parse(embedding) as number[] }];
    const { candidates } = await findCandidates(sql, scope, { embeddings, text: "" });
    const nearest = candidates.toSorted((a, b) => a.distance! - b.distance!).slice(0, 10);
    found += nearest.filter(({ chunk_id }) => truth.has(chunk_id)).length;
    wanted += truth.size;
  }
  return found / wanted;
}

async function measureDisk(sql: Sql) {
  const [disk] = await sql<{ chunks: number; table_kb: number; index_kb: number }[]>`
    select chunks, round((pg_total_relation_size('lecture_chunks') + pg_total_relation_size('slide_chunks')
             + pg_total_relation_size('word_counts') - nearest) / 1024.0 / chunks, 2)::float8 as table_kb,
           round(nearest / 1024.0 / chunks, 2)::float8 as index_kb
    from (
      select (select count(*) from lecture_chunks) + (select count(*) from slide_chunks) as chunks,
             (select coalesce(sum(pg_relation_size(oid)), 0) from pg_class
              where relname in ('lecture_chunks_nearest', 'slide_chunks_nearest')) as nearest
    ) sizes`;
  return disk!;
}

/** A kept database of the given name, or a throw-away one. `isNew`: it has no schema. */
async function openBenchDatabase(name: string | undefined) {
  if (name === undefined) {
    const database = await createNativeDatabase();
    if (!database) process.exit(1);
    return { ...database, isNew: true };
  }
  const start = Bun.spawnSync([join(PROJECT, "scripts/postgres"), "start"], { stderr: "inherit" });
  const server = new URL(start.stdout.toString().trim().split("\n").at(-1)!);
  const admin = connect(server.href, { max: 1 });
  const known = await admin`select from pg_database where datname = ${name}`;
  if (known.length === 0) await admin`create database ${admin(name)}`;
  await admin.end();
  const url = Object.assign(new URL(server), { pathname: name }).href;
  return { url, isNew: known.length === 0, close: async () => {} };
}

async function main(): Promise<void> {
  const database = await openBenchDatabase(Bun.argv[3]);
  await migrate(database.url);
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  await using openai = startOpenAI();
  const settings = { OPENAI_BASE_URL: openai.url, EMBEDDING_MODEL: "openai:bench" };
  const { embedder } = await openProviders(loadConfig(settings), { localEmbedderUrl: openai.url });
  console.log(describeMachine());

  if (database.isNew) {
    const sizes = sizesOf(Number(Bun.argv[2] ?? 200_000));
    const { rowsPerSecond } = await fillCourses(sql, sizes, embedder.model);
    console.log(
      `\nStored ${round(rowsPerSecond, 0)} chunks a second by COPY, with all other indexes.`,
    );
  }
  const built = performance.now();
  const tables = await refreshNearestIndexes(sql, new AbortController().signal);
  const seconds = round((performance.now() - built) / 1_000, 0);
  if (tables.length > 0) console.log(`Built the index of ${tables.join(", ")} in ${seconds} s.`);
  const disk = await measureDisk(sql);
  console.log(
    `${disk.chunks} chunks: ${disk.table_kb} KB a chunk, and ${disk.index_kb} KB in the index of all courses.\n`,
  );

  // One connection, so that its processor time is that of the search.
  const one = connect(database.url, { max: 1 });
  const [backend] = await one<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const deps = { config: {}, db: one, embedder, metrics: openMetrics() };
  const app = new Elysia().use(keylessGuard(one)).use(retrievalRoutes(deps));
  app.listen({ port: 0, hostname: "127.0.0.1" });
  const { url } = app.server!;
  const rows = [];
  for (const { id, chunks } of await findMeasured(sql)) {
    for (const mode of ["hybrid", "vector"]) {
      const ask = () =>
        post(url, "/api/retrieval/query", { course_id: id, query: newQuestion(), mode });
      rows.push(await measure(`a course of ${chunks}, ${mode}`, backend!.pid, ask));
    }
  }
  for (const mode of ["hybrid", "vector"]) {
    const ask = () => post(url, "/api/search", { query: newQuestion(), mode });
    rows.push(await measure(`all courses, ${mode}`, backend!.pid, ask));
  }
  console.log(toTable(rows));
  const recalls = [];
  for (const { id, chunks } of await findMeasured(sql)) {
    recalls.push(`${chunks}: ${round(await measureRecall(one, embedder.model, id), 3)}`);
  }
  recalls.push(`all: ${round(await measureRecall(one, embedder.model, null), 3)}`);
  console.log(`\nRecall of the first ten by vectors, ${recalls.join(", ")}`);
  console.log(`Memory of this process: ${round(process.memoryUsage.rss() / 2 ** 20, 0)} MB`);
  const compared = [];
  for (const course of await findMeasured(sql)) {
    if (course.chunks <= MOST_COMPARED) compared.push(...(await compareWords(one, course)));
  }
  console.log(`\n${toTable(compared)}`);
  await app.stop(true);
  await one.end();
  await sql.end();
  await database.close();
}

await main();
