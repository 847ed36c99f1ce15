import { afterEach, describe, expect, test } from "bun:test";
import { createOpenAI } from "@ai-sdk/openai";
import { createSdkEmbedder } from "../../src/providers/sdk-embedder";
import { startOpenAI } from "../support/openai";

const openai = startOpenAI();
afterEach(() => {
  openai.requests.length = 0;
});

const embeddingModel = createOpenAI({ baseURL: openai.url, apiKey: "test" }).embedding("any");
const embedder = createSdkEmbedder({
  model: "openai:any",
  embeddingModel,
  maxTokens: 512,
  textsPerRequest: 2,
  providerOptions: () => ({ openai: { dimensions: 64 } }),
});
const document = () => ({ purpose: "document" as const, signal: AbortSignal.timeout(60_000) });

const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe("embed", () => {
  test("pads a smaller model's embeddings to the stored length, at unit length and in order", async () => {
    const texts = ["entropy of a gas", "the cell membrane", "gas and its entropy"];
    const { embeddings } = await embedder.embed(texts, document());
    const [gas, membrane, gasAgain] = embeddings as [number[], number[], number[]];

    expect(embeddings.map(({ length }) => length)).toEqual([1536, 1536, 1536]);
    expect(dot(gas, gas)).toBeCloseTo(1, 6);
    expect(dot(gas, gasAgain)).toBeGreaterThan(dot(gas, membrane));
  });

  test("sends no more texts in a request than the server takes, and adds the bill up", async () => {
    const { usage } = await embedder.embed(["one", "two", "three", "four", "five"], document());

    expect(openai.requests.map(({ body }) => body.input)).toEqual([
      ["one", "two"],
      ["three", "four"],
      ["five"],
    ]);
    expect(usage).toEqual({ tokens: 5 });
  });

  test("sends no request when there is nothing to embed", async () => {
    expect(await embedder.embed([], document())).toEqual({ embeddings: [], usage: { tokens: 0 } });
    expect(openai.requests).toEqual([]);
  });

  test("stops between requests when it is cancelled, with the reason of the cancellation", async () => {
    const cancelled = new AbortController();
    openai.embeddingFaults.push({ kind: "stall", afterTokens: 0 });
    const embedding = embedder.embed(["one", "two", "three"], {
      purpose: "document",
      signal: cancelled.signal,
    });
    while (openai.requests.length === 0) await Bun.sleep(1);
    const reason = new Error("lecture deleted");
    cancelled.abort(reason);

    expect(await embedding.catch((error) => error)).toBe(reason);
    expect(openai.requests).toHaveLength(1);
  });

  test("reports a failing provider once, without trying again", async () => {
    openai.embeddingFaults.push({ kind: "status", status: 429, retryAfterSeconds: 7 });

    expect(await embedder.embed(["one"], document()).catch((error) => error)).toMatchObject({
      errorCode: "provider_rate_limited",
      details: { provider: "openai:any", retry_after_ms: 7_000 },
    });
    expect(openai.requests).toHaveLength(1);
  });

  test("refuses an answer with fewer embeddings than texts", async () => {
    const short = Bun.serve({
      port: 0,
      fetch: () => Response.json({ data: [{ embedding: [1, 0] }], usage: { prompt_tokens: 1 } }),
    });
    const model = createOpenAI({ baseURL: `${short.url}v1`, apiKey: "test" }).embedding("short");
    const settings = { model: "openai:short", embeddingModel: model, maxTokens: 512 };
    const embedding = createSdkEmbedder({ ...settings, textsPerRequest: 8 }).embed(
      ["one", "two"],
      document(),
    );

    expect(await embedding.catch((error) => error)).toMatchObject({
      errorCode: "provider_answer_invalid",
      details: { provider: "openai:short" },
    });
    await short.stop(true);
  });

  test("gives each text its embedding when the server answers out of order, and refuses another length", async () => {
    const answers = [
      [
        { index: 1, embedding: [0, 1] },
        { index: 0, embedding: [1, 0] },
      ],
      [{ index: 0, embedding: [1, 0, 0] }],
    ];
    const server = Bun.serve({
      port: 0,
      fetch: () => Response.json({ data: answers.shift(), usage: { prompt_tokens: 1 } }),
    });
    const model = createOpenAI({ baseURL: `${server.url}v1`, apiKey: "test" }).embedding("odd");
    const settings = { model: "openai:odd", embeddingModel: model, maxTokens: 512 };
    const odd = createSdkEmbedder({ ...settings, textsPerRequest: 8 });

    const { embeddings } = await odd.embed(["one", "two"], document());
    const other = await odd.embed(["three"], document()).catch((error) => error);

    expect(embeddings.map((embedding) => embedding.slice(0, 2))).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(other).toMatchObject({ errorCode: "provider_answer_invalid" });
    await server.stop(true);
  });
});
