import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { openReranker } from "../../src/providers/reranker";
import type { Passage } from "../../src/retrieval/passage";
import { rerankPassages } from "../../src/retrieval/rerank";

type Asked = { model?: string; query: string; documents: string[]; top_n: number };
let asked: { body: Asked; authorization: string | null }[] = [];
let answer: (asked: Asked) => Response | Promise<Response>;
const server = Bun.serve({
  port: 0,
  idleTimeout: 0,
  routes: {
    "/v1/rerank": {
      POST: async (request) => {
        const body = (await request.json()) as Asked;
        asked.push({ body, authorization: request.headers.get("authorization") });
        return answer(body);
      },
    },
  },
});
afterAll(() => server.stop(true));

/** Scores as a server lists them: best first, with the index of each document. */
const scored = (scores: number[]) =>
  Response.json({
    results: scores
      .map((relevance_score, index) => ({ index, relevance_score }))
      .sort((a, b) => b.relevance_score - a.relevance_score),
  });

beforeEach(() => {
  asked = [];
  answer = ({ documents }) => scored(documents.map((_, i) => i / 10));
});

const reranker = openReranker({
  RERANK_BASE_URL: `${server.url}v1`,
  RERANK_API_KEY: "secret",
  RERANK_MODEL: "judge",
})!;
const passages = ["one", "two", "three"].map(
  (content, i) => ({ chunk_id: `c${i}`, content, score: 1 - i / 10, metadata: {} }) as Passage,
);
const rerank = (signal = new AbortController().signal, patienceMs = 60_000) =>
  rerankPassages(reranker, "which?", passages, signal, patienceMs);

test("there is none without an address", () => {
  expect(openReranker({})).toBeNull();
});

test("passages come in the order of the server's scores, and say so", async () => {
  const found = await rerank();

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
  answer = () => scored([-4, 7, 0]);
  const found = await rerank();

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
    answer = faulty;

    expect(await rerank()).toEqual(passages);
    expect(asked).toHaveLength(1);
  });

  test("when it says nothing for longer than anybody waits", async () => {
    answer = () => new Promise(() => {});

    expect(await rerank(undefined, 4_000)).toEqual(passages);
    expect(asked).toHaveLength(1);
  });
});

test("whoever leaves is not kept waiting", async () => {
  const gone = new AbortController();
  const reason = new Error("client left");
  answer = () => {
    gone.abort(reason);
    return new Promise<Response>(() => {});
  };

  expect(await rerank(gone.signal).catch((error) => error)).toBe(reason);
});
