/**
 * A search over HTTP in courses of 5 000 to 50 000 chunks, beside the time of its statements, and the first text of an
 * answer that needs a search: `bun bench/retrieval.ts`
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
import { type Figure, isQuick, millisecondsOf, publish } from "./figures";
import { createNativeDatabase } from "./lib";
import { type BenchCourse, fillCourses, newQuestion } from "./retrieval/courses";
import { measureFirstText } from "./retrieval/first-text";

/** Chunks of the measured courses, and the limits of a hybrid search in milliseconds. */
const LIMITS_MS = { 5000: 20, 10000: 40, 50000: 150 };
/** Beside them are small courses, as in a department. */
const SMALL_COURSES = Array.from({ length: 17 }, () => 1_000);
const QUESTIONS = isQuick ? 30 : 60;
const MODES = ["hybrid", "vector", "text"] as const;
type Mode = (typeof MODES)[number];

type Statement = { text: string; params: unknown[] };
type Bench = { sql: Sql; statements: Statement[]; embedder: Embedder; url: URL };

/** PostgreSQL plans a statement again in each of its first five runs on each connection, so a server that has just started is slower. */
const WARM_UP = 40;
/** Questions to a small course before the first measurement. */
const COMPILING = 150;

/** Each question is new, so that nothing is remembered. */
async function measure(bench: Bench, { id, chunks }: BenchCourse, mode: Mode): Promise<Figure> {
  const { sql, statements, embedder } = bench;
  const api: number[] = [];
  const own: number[] = [];
  for (let i = -WARM_UP; i < QUESTIONS; i++) {
    const query = newQuestion();
    statements.length = 0;
    const elapsed = await millisecondsOf(() => ask(bench.url, id, query, mode));
    const search = statements.splice(0);
    if (i < 0) continue;
    const call =
      mode === "text" ? 0 : await millisecondsOf(() => embed(embedder, `${query} again`));
    const plans = await Promise.all(search.map((statement) => explain(sql, statement)));
    api.push(elapsed - call);
    own.push(plans.reduce((sum, plan) => sum + plan.ms, 0));
  }
  const size = `${chunks / 1_000}k`;
  return {
    id: `retrieval.${mode}_${size}`,
    what: `search over HTTP without its embedding, ${mode}, ${chunks} chunks`,
    unit: "ms",
    samples: api,
    peer: { what: "its statements in PostgreSQL", samples: own },
    growth: { of: `${mode} search`, size: chunks, unit: "chunks" },
  };
}

/** The same measurement, beside the limit of its size. */
const besideLimit = ({ peer: _, growth: __, ...figure }: Figure, at_most: number): Figure => ({
  ...figure,
  id: `${figure.id}_limit`,
  limit: { at_most },
});

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
  const { embedder } = await openProviders(loadConfig(settings), { localEmbedderUrl: openai.url });

  const measured = Object.keys(LIMITS_MS).map(Number);
  const { courses } = await fillCourses(sql, [...SMALL_COURSES, ...measured], embedder.model);
  const app = new Elysia()
    .use(keylessGuard(sql))
    .use(retrievalRoutes({ config: {}, db: sql, embedder, metrics: openMetrics() }));
  app.listen({ port: 0, hostname: "127.0.0.1" });
  const bench = { sql, statements, embedder, url: app.server!.url };
  // The functions of the server are compiled while they run.
  for (let i = 0; i < COMPILING; i++) await ask(bench.url, courses[0]!.id, newQuestion(), "hybrid");
  const figures: Figure[] = [];
  for (const course of courses.slice(-measured.length)) {
    for (const mode of MODES) {
      const figure = await measure(bench, course, mode);
      figures.push(figure);
      if (mode !== "hybrid") continue;
      figures.push(besideLimit(figure, LIMITS_MS[course.chunks as keyof typeof LIMITS_MS]));
    }
  }
  await app.stop(true);
  await sql.end();
  const asked = courses.find(({ chunks }) => chunks === 10_000)!;
  figures.push(...(await measureFirstText(database.url, asked, embedder.model)));
  await database.close();
  await publish(figures);
  process.exit(0);
}

await main();
