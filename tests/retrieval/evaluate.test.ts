import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { OpenAI } from "../../src/providers/openai";
import { readBeirSet } from "../../src/retrieval/beir";
import { evaluate, ingestSet } from "../../src/retrieval/evaluate";
import { withDatabase } from "../support/database";
import { createCourse } from "../support/factories";
import { startOpenAI } from "../support/openai";

const db = await withDatabase();
const server = startOpenAI();
afterAll(() => server.close());

test("judges modes and weights on one half, and the chosen and the default one on the other", async () => {
  const set = await readBeirSet(join(import.meta.dir, "../fixtures/beir"));
  const embedder = new OpenAI({ baseUrl: server.url }).embedder("words");
  const tools = { db, embedder, signal: AbortSignal.timeout(120_000), say: () => {} };
  const course_id = await createCourse(db);

  const ids = await ingestSet(course_id, set, tools);
  const report = await evaluate(course_id, set, ids, tools);
  const again = await evaluate(course_id, set, ids, tools);

  expect(report).toMatchObject({ documents: 30, questions: 20, model: "openai:words" });
  expect(report.tuning.map(({ mode, weight }) => [mode, weight]).slice(0, 3)).toEqual([
    ["text", null],
    ["vector", null],
    ["hybrid", 0],
  ]);
  const [text, vector] = report.held_out;
  const byDefault = report.held_out.find((row) => row.default)!;
  expect(text!.ndcg_10.mean).toBeGreaterThan(0.5);
  expect(byDefault.ndcg_10.mean).toBeGreaterThanOrEqual(
    Math.max(text!.ndcg_10.mean, vector!.ndcg_10.mean) - 0.05,
  );
  expect(again).toEqual(report);
});
