import { afterAll } from "bun:test";

type RerankRequest = { model?: string; query: string; documents: string[]; top_n: number };

/** Scores as a server lists them: best first, with the index of each document. */
export const scored = (scores: number[]) =>
  Response.json({
    results: scores
      .map((relevance_score, index) => ({ index, relevance_score }))
      .sort((a, b) => b.relevance_score - a.relevance_score),
  });

/** A server with `POST /v1/rerank`. It scores by the number of words that a passage shares with the query. */
export function startReranker() {
  const asked: { body: RerankRequest; authorization: string | null }[] = [];
  const reranker = {
    asked,
    url: "",
    answer: ({ query, documents }: RerankRequest): Response | Promise<Response> =>
      scored(documents.map((document) => sharedWords(query, document))),
  };
  const server = Bun.serve({
    port: 0,
    idleTimeout: 0,
    routes: {
      "/v1/rerank": {
        POST: async (request) => {
          const body = (await request.json()) as RerankRequest;
          asked.push({ body, authorization: request.headers.get("authorization") });
          return reranker.answer(body);
        },
      },
    },
  });
  reranker.url = `${server.url}v1`;
  afterAll(() => server.stop(true));
  return reranker;
}

const wordsOf = (text: string) => new Set(text.toLowerCase().match(/\p{L}{4,}/gu) ?? []);
const sharedWords = (query: string, document: string) =>
  wordsOf(query).intersection(wordsOf(document)).size;
