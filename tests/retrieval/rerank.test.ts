import { beforeEach, describe, expect, test } from "bun:test";
import { openReranker } from "../../src/providers/reranker";
import type { Passage } from "../../src/retrieval/passage";
import { rerankPassages } from "../../src/retrieval/rerank";
import { scored, startReranker } from "../support/reranker";

const server = startReranker();
const { asked } = server;

beforeEach(() => {
  asked.length = 0;
  server.answer = ({ documents }) => scored(documents.map((_, i) => i / 10));
});

const reranker = openReranker({
  RERANK_BASE_URL: server.url,
  RERANK_API_KEY: "secret",
  RERANK_MODEL: "judge",
})!;
const passages = ["one", "two", "three"].map(
  (content, i) => ({ chunk_id: `c${i}`, content, score: 1 - i / 10, metadata: {} }) as Passage,
);
const rerank = (signal = new AbortController().signal, patienceMs = 60_000) =>
  rerankPassages(reranker, "which?", passages, { signal, patienceMs });

test("there is none without an address", () => {
  expect(openReranker({})).toBeNull();
});

test("passages are in the order of the server's scores, and are marked", async () => {
  const { passages: found, best_score } = await rerank();

  expect(best_score).toBe(0.2);
  expect(found.map(({ content }) => content)).toEqual(["three", "two", "one"]);
  expect(found[0]).toMatchObject({ score: 0.2, metadata: { reranked: true } });
  expect(asked).toEqual([
    {
      body: { model: "judge", query: "which?", documents: ["one", "two", "three"], top_n: 3 },
      authorization: "Bearer secret",
    },
  ]);
});

test("scores on another scale are brought to 0 to 1, in their order", async () => {
  server.answer = () => scored([-4, 7, 0]);
  const { passages: found, best_score } = await rerank();

  expect(best_score).toBe(7);
  expect(found.map(({ content }) => content)).toEqual(["two", "three", "one"]);
  expect(found.every(({ score }) => score > 0 && score < 1)).toBe(true);
});

describe("changes nothing", () => {
  test.each([
    ["when the server fails", () => new Response("overloaded", { status: 503 })],
    ["when it answers no JSON", () => new Response("<html>")],
    ["when it leaves a passage out", () => scored([1, 2])],
    ["when its scores are none", () => Response.json({ results: [{ index: 0 }] })],
  ])("%s", async (_, faulty) => {
    server.answer = faulty;

    expect(await rerank()).toEqual({ passages, best_score: null });
    expect(asked).toHaveLength(1);
  });

  test("when it does not answer within the time limit", async () => {
    server.answer = () => new Promise(() => {});

    expect(await rerank(undefined, 4_000)).toEqual({ passages, best_score: null });
    expect(asked).toHaveLength(1);
  });
});

test("a client that leaves ends the call", async () => {
  const gone = new AbortController();
  const reason = new Error("client left");
  server.answer = () => {
    gone.abort(reason);
    return new Promise<Response>(() => {});
  };

  expect(await rerank(gone.signal).catch((error) => error)).toBe(reason);
});
