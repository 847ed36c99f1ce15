import { afterAll, beforeEach, expect, test } from "bun:test";
import type { EndedCall } from "../../src/db/jobs/receipt-writer";
import { SEES_ALL } from "../../src/principal";
import { OpenAI } from "../../src/providers/openai";
import { openReranker } from "../../src/providers/reranker";
import { searchCourse } from "../../src/retrieval/search";
import { createStudiedCourse } from "../support/chat";
import { withDatabase } from "../support/database";
import { startOpenAI } from "../support/openai";
import { scored, startReranker } from "../support/reranker";

const db = await withDatabase();
const openai = startOpenAI();
afterAll(() => openai.close());
const server = startReranker();
const { course_id } = await createStudiedCourse(db);
const embedder = new OpenAI({ baseUrl: openai.url, apiKey: "k" }).embedder(
  "text-embedding-3-small",
);
const { embeddings } = await embedder.embed(["entropy"], {
  purpose: "document",
  signal: new AbortController().signal,
});
for (const table of ["slide_chunks", "lecture_chunks"]) {
  await db`update ${db(table)} set embedding = ${JSON.stringify(embeddings[0])}::halfvec,
                                   embedding_model = ${embedder.model}`;
}

const calls: EndedCall[] = [];
beforeEach(() => {
  calls.length = 0;
  openai.requests.length = 0;
  server.answer = ({ documents }) => scored(documents.map((_, i) => i / 10));
});
const reranker = openReranker({
  RERANK_BASE_URL: server.url,
  RERANK_API_KEY: "k",
  RERANK_MODEL: "rerank-v3.5",
});
const receipts = { record: (call: EndedCall) => void calls.push(call) };
const search = (query: string, with_: object = {}, signal = new AbortController().signal) =>
  searchCourse(
    { db, embedder, reranker, receipts, ...with_ },
    {
      course_id,
      viewer: SEES_ALL,
      query,
      top_k: 3,
      sources: ["slides", "lectures"],
      mode: "hybrid",
    },
    signal,
  );

test("a search has a receipt for the embedding of its question and for its reranking", async () => {
  await search("What is entropy?");

  expect(calls).toMatchObject([
    {
      purpose: "embed_question",
      provider: "openai",
      model: "text-embedding-3-small",
      course_id,
      state: "ok",
      isFree: false,
    },
    {
      purpose: "rerank",
      provider: "reranker",
      model: "rerank-v3.5",
      course_id,
      state: "ok",
      usage: { search_units: 1 },
    },
  ]);
  expect(calls[0]!.usage.tokens).toBeGreaterThan(0);
});

test("a question that is asked again is embedded once", async () => {
  await search("Who named entropy?");
  await search("Who named entropy?");

  const purposes = calls.map(({ purpose }) => purpose).toSorted();
  expect(purposes).toEqual(["embed_question", "rerank", "rerank"]);
  expect(openai.requests.length).toBe(1);
});

test("the units are those that the server bills, and a server without a key is free", async () => {
  server.answer = async ({ documents }) =>
    Response.json({
      ...((await scored(documents.map(() => 0.5)).json()) as object),
      meta: { billed_units: { search_units: 2 } },
      usage: { total_tokens: 77 },
    });
  await search("How are bits billed?");
  await search("How are bits free?", { reranker: openReranker({ RERANK_BASE_URL: server.url }) });

  const reranked = calls.filter(({ purpose }) => purpose === "rerank");
  expect(reranked).toMatchObject([
    { usage: { search_units: 2, tokens: 77 }, isFree: false },
    { isFree: true, model: "default" },
  ]);
});

test("a refusal costs nothing, and an answer that cannot be used costs what was expected", async () => {
  server.answer = () => new Response(null, { status: 503 });
  await search("Is a refusal free?");
  server.answer = () => new Response("{");
  await search("Is half an answer free?");

  const reranked = calls.filter(({ purpose }) => purpose === "rerank");
  expect(reranked).toMatchObject([
    { state: "error", error_code: "provider_unavailable", usage: {} },
    { state: "error", error_code: "provider_answer_invalid", usage: { search_units: 1 } },
  ]);
});

test("a search that is cancelled during the call has a lost receipt", async () => {
  const gone = new AbortController();
  server.answer = async () => {
    gone.abort();
    await Bun.sleep(5);
    return new Response("{");
  };

  await search("Is anybody there?", {}, gone.signal).catch(() => {});

  expect(calls.at(-1)).toMatchObject({
    purpose: "rerank",
    state: "lost",
    usage: { search_units: 1 },
  });
});
