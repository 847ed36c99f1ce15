/**
 * How much of a search's time is PostgreSQL's own: 50 000 chunks in 20 courses, the endpoint over HTTP.
 *
 *   bun bench/retrieval.ts [chunks]
 *
 * Runs on a throw-away database of the server that `scripts/postgres` starts or TEST_DATABASE_URL names.
 * The embedding server is on this machine and answers at once, so its call is measured beside.
 */

import { Elysia } from "elysia";
import postgres from "postgres";
import { loadConfig } from "../src/config";
import type { Sql } from "../src/db/client";
import { migrate } from "../src/db/migrate";
import { openMetrics } from "../src/metrics";
import { openProviders } from "../src/providers";
import type { Embedder } from "../src/providers/embedder";
import { retrievalRoutes } from "../src/routes/retrieval";
import { keylessGuard } from "../tests/support/guard";
import { startOpenAI } from "../tests/support/openai";
import { createNativeDatabase, describeMachine, quantile, round, toTable } from "./lib";
import { type BenchCourse, fillCourses } from "./retrieval/courses";

const COURSES = 20;
const QUESTIONS = 60;
const MODES = ["hybrid", "vector", "text"] as const;
type Mode = (typeof MODES)[number];

type Statement = { text: string; params: unknown[] };
type Bench = { sql: Sql; statements: Statement[]; embedder: Embedder; url: URL };

/** Each question is new, so that nothing is remembered; the first ones warm the pool up. */
async function measure(bench: Bench, { id, chunks }: BenchCourse, mode: Mode) {
  const { sql, statements, embedder } = bench;
  const api: number[] = [];
  const own: number[] = [];
  const embedding: number[] = [];
  for (let i = -5; i < QUESTIONS; i++) {
    const query = askAnew();
    statements.length = 0;
    const elapsed = await timed(() => ask(bench.url, id, query, mode));
    const search = statements.splice(0);
    const call = mode === "text" ? 0 : await timed(() => embed(embedder, `${query} again`));
    const plans = await Promise.all(search.map((statement) => explain(sql, statement)));
    if (i < 0) continue;
    api.push(elapsed);
    embedding.push(call);
    own.push(plans.reduce((sum, plan) => sum + plan.ms, 0));
  }
  const [apiMs, sqlMs, embedMs] = [api, own, embedding].map((times) => quantile(times, 0.5));
  return {
    chunks,
    mode,
    "API p50, ms": round(apiMs!),
    "SQL p50, ms": round(sqlMs!),
    "embedding p50, ms": round(embedMs!),
    "(API - embedding) / SQL": round((apiMs! - embedMs!) / sqlMs!, 2),
    "API p95, ms": round(quantile(api, 0.95)),
  };
}

async function ask(base: URL, course_id: string, query: string, mode: string): Promise<void> {
  const answer = await fetch(new URL("/api/retrieval/query", base), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ course_id, query, mode }),
  });
  const passages = (await answer.json()) as unknown[];
  if (!answer.ok || passages.length === 0) throw new Error(Bun.inspect(passages));
}

const embed = (by: Embedder, text: string) =>
  by.embed([text], { purpose: "query", signal: AbortSignal.timeout(10_000) });

/** What PostgreSQL itself needs for the same statement with the same parameters. */
async function explain(db: Sql, { text, params }: Statement) {
  const [row] = await db.unsafe(
    `explain (analyze, timing off, format json) ${text}`,
    params as never,
  );
  const [plan] = row!["QUERY PLAN"];
  return { ms: plan["Execution Time"] as number };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Three words that many chunks have, three that few have. */
function askAnew(): string {
  const word = (from: number, to: number) => `w${from + Math.floor(Math.random() * (to - from))}`;
  const common = [word(2, 60), word(2, 60), word(2, 60)];
  return [...common, word(500, 9_000), word(500, 9_000), word(500, 9_000)].join(" ");
}

async function main(): Promise<void> {
  const database = await createNativeDatabase();
  if (!database) process.exit(1);
  await migrate(database.url);
  const statements: Statement[] = [];
  const debug = (_: number, text: string, params: unknown[]) =>
    void statements.push({ text, params });
  const sql = postgres(database.url, { max: 4, onnotice: () => {}, debug });
  await using openai = startOpenAI();
  const settings = { OPENAI_BASE_URL: openai.url, EMBEDDING_MODEL: "openai:bench" };
  const { embedder } = openProviders(loadConfig(settings), { localEmbedderUrl: openai.url });

  console.log(describeMachine());
  const total = Number(Bun.argv[2] ?? 50_000);
  const unit = total / ((COURSES * (COURSES + 1)) / 2);
  const sizes = Array.from({ length: COURSES }, (_, i) => Math.round(unit * (i + 1)));
  const { courses } = await fillCourses(sql, sizes, embedder.model);
  const app = new Elysia()
    .use(keylessGuard(sql))
    .use(retrievalRoutes({ config: {}, db: sql, embedder, metrics: openMetrics() }));
  app.listen({ port: 0, hostname: "127.0.0.1" });
  const bench = { sql, statements, embedder, url: app.server!.url };
  const rows = [];
  for (const course of [courses.at(-1)!, courses[courses.length / 2]!]) {
    for (const mode of MODES) rows.push(await measure(bench, course, mode));
  }
  console.log(toTable(rows));
  await app.stop(true);
  await sql.end();
  await database.close();
}

await main();
