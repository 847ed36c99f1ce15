import { afterAll, describe, expect, test } from "bun:test";
import { openLocalEmbedder } from "../../../src/providers/local/embedder";
import { startLocalEmbedder } from "../../../src/providers/local/embedding-server";
import { type BillableRequest, UNRECORDED } from "../../../src/providers/paid-calls";

const server = startLocalEmbedder();
afterAll(() => server.close());

const embedder = openLocalEmbedder(server.url);
const embed = async (texts: string[]) => {
  const signal = AbortSignal.timeout(60_000);
  return (await embedder.embed(texts, { purpose: "document", signal })).embeddings;
};
const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe("the local embedder", () => {
  test("finds the passage that answers a question though they share no word", async () => {
    const [question, answer, other] = (await embed([
      "Why do objects fall to the ground?",
      "Gravity pulls every mass towards the earth.",
      "The committee approved the budget for next year.",
    ])) as [number[], number[], number[]];

    expect(dot(question, answer)).toBeGreaterThan(dot(question, other) + 0.1);
  }, 120_000);

  test("embeds a text alike alone and among others, through two clients at once", async () => {
    const texts = ["one", "two", "three", "four", "five", "six", "seven"];
    const [[alone], together] = await Promise.all([embed(["six"]), embed(texts)]);

    expect(dot(alone!, together[5]!)).toBeCloseTo(1, 5);
    expect(together.every((embedding) => embedding.length === 1536)).toBe(true);
  }, 120_000);

  test("costs nothing, so its calls are not reported as calls without a price", async () => {
    const made: BillableRequest[] = [];
    await embedder.embed(["entropy"], {
      purpose: "query",
      signal: AbortSignal.timeout(60_000),
      calls: {
        run: (call, request) => {
          made.push(call);
          return UNRECORDED.run(call, request);
        },
      },
    });

    expect(made).toMatchObject([{ service: "local", isFree: true }]);
  }, 120_000);

  test("takes any character", async () => {
    const odd = ["\n", "😀🧪", "\u0000", "漢字かな", "<|endoftext|>", "x".repeat(5_000)];

    expect(await embed(odd)).toHaveLength(odd.length);
  }, 120_000);

  test("reports a text that it cannot embed as a refused request", async () => {
    expect(await embed([""]).catch((error) => error)).toMatchObject({
      errorCode: "provider_request_refused",
      details: { status: 400 },
    });
  });

  test("answers a body that is not JSON with 400 and another address with 404", async () => {
    const post = (path: string) => fetch(`${server.url}${path}`, { method: "POST", body: "{" });

    expect((await post("/embeddings")).status).toBe(400);
    expect((await post("/models")).status).toBe(404);
  });

  test("stops between requests when it is cancelled, with the reason of the cancellation", async () => {
    const cancelled = new AbortController();
    const reason = new Error("lecture deleted");
    let requests = 0;
    await using silent = serve(() => {
      requests += 1;
      cancelled.abort(reason);
      return new Promise<Response>(() => {});
    });
    const options = { purpose: "document" as const, signal: cancelled.signal };
    const embedding = openLocalEmbedder(`${silent.url}v1`).embed(
      ["a", "b", "c", "d", "e"],
      options,
    );

    expect(await embedding.catch((error) => error)).toBe(reason);
    expect(requests).toBe(1);
  });

  test("reports a server that does not answer, or answers without the embeddings, as its failure", async () => {
    const signal = AbortSignal.timeout(60_000);
    const failureOf = (url: string) =>
      openLocalEmbedder(`${url}v1`)
        .embed(["one", "two"], { purpose: "document", signal })
        .catch((error) => error.errorCode);
    const gone = serve(() => new Response());
    await gone[Symbol.asyncDispose]();
    await using short = serve(() => Response.json({ data: [{ embedding: [1, 0] }] }));
    await using garbled = serve(() => new Response("<html>"));

    expect(await failureOf(gone.url)).toBe("provider_unavailable");
    expect(await failureOf(short.url)).toBe("provider_answer_invalid");
    expect(await failureOf(garbled.url)).toBe("provider_answer_invalid");
  });
});

function serve(fetch: () => Response | Promise<Response>) {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  return { url: server.url.href, [Symbol.asyncDispose]: () => server.stop(true) };
}
