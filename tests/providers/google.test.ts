import { afterAll, expect, test } from "bun:test";
import { Google } from "../../src/providers/google";

const bodies: unknown[] = [];
const gemini = Bun.serve({
  port: 0,
  async fetch(request) {
    // biome-ignore lint/suspicious/noExplicitAny: only looked at below
    const body = (await request.json()) as any;
    bodies.push(body);
    if (request.url.endsWith(":embedContent")) {
      return Response.json({ embedding: { values: [3, 4] } });
    }
    const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "17.5s" }];
    const error = { code: 429, message: "Quota", status: "RESOURCE_EXHAUSTED", details };
    return Response.json({ error }, { status: 429 });
  },
});
afterAll(() => gemini.stop(true));

const embedder = new Google({ baseUrl: `${gemini.url}v1beta` }).embedder("gemini-embedding-001");

test("a question is embedded as a question, at unit length, and its tokens are counted by us", async () => {
  const signal = AbortSignal.timeout(60_000);
  const { embeddings, usage } = await embedder.embed(["entropy"], { purpose: "query", signal });

  expect(bodies.at(-1)).toMatchObject({ taskType: "RETRIEVAL_QUERY", outputDimensionality: 1536 });
  expect(embeddings[0]!.slice(0, 3)).toEqual([0.6, 0.8, 0]);
  expect(usage.tokens).toBeGreaterThan(0);
});

test("the wait that Google asks for in the body of a 429 is understood", async () => {
  const signal = AbortSignal.timeout(60_000);
  const embedding = embedder.embed(["one", "two"], { purpose: "document", signal });

  expect(await embedding.catch((error) => error)).toMatchObject({
    errorCode: "provider_rate_limited",
    details: { retry_after_ms: 17_500 },
  });
});
