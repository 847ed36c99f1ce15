import { expect, test } from "bun:test";
import { OpenAI } from "../../src/providers/openai";
import { embedTexts } from "../../src/retrieval/embed-texts";
import { withDatabase } from "../support/database";
import { createCourse } from "../support/factories";
import { startOpenAI } from "../support/openai";

const db = await withDatabase();
const course_id = await createCourse(db);
const never = new AbortController().signal;

test("texts are sent in batches of limited size, and returned in their order", async () => {
  await using openai = startOpenAI();
  const embedder = new OpenAI({ baseUrl: openai.url, apiKey: "k" }).embedder("all-minilm");
  const texts = Array.from({ length: 70 }, (_, i) => `Coin ${i}${" fair".repeat(200)}`);
  const { embeddings, tokens } = await embedTexts(
    { db, embedder, budgets: {} },
    course_id,
    texts,
    never,
  );

  const sent = openai.requests.map(({ body }) => body.input as string[]);
  expect(sent.flat()).toEqual(texts);
  expect(Math.max(...sent.map((batch) => batch.join("").length))).toBeLessThanOrEqual(32_000);
  expect([embeddings.length, tokens]).toEqual([70, 70 * 202]);
});

test("a provider that does not answer in time is unavailable", async () => {
  await using openai = startOpenAI();
  openai.embeddingFaults.push({ kind: "stall", afterTokens: 0 });
  const embedder = new OpenAI({ baseUrl: openai.url, apiKey: "k" }).embedder("all-minilm");
  const asked = embedTexts({ db, embedder, budgets: {} }, course_id, ["Coins"], never, 50);

  await expect(asked).rejects.toMatchObject({
    errorCode: "provider_unavailable",
    details: { timed_out: true },
  });
});

test("a model that is free ignores a used-up budget", async () => {
  await using openai = startOpenAI();
  const embedder = new OpenAI({ baseUrl: openai.url }).embedder("all-minilm");
  const budgets = { day: { usd: 0 } };
  const { embeddings } = await embedTexts({ db, embedder, budgets }, course_id, ["Coins"], never);

  expect(embeddings).toHaveLength(1);
});
