import { beforeEach, describe, expect, test } from "bun:test";
import { generateText, streamText, tool } from "ai";
import { z } from "zod";
import { OpenAI } from "../../src/providers/openai";
import { toProviderError } from "../../src/providers/provider-error";
import { type Reply, startOpenAI } from "../support/openai";

const server = startOpenAI();
beforeEach(() => {
  server.requests.length = 0;
});

const search_slides = tool({ inputSchema: z.object({ query: z.string() }) });
const document = () => ({ purpose: "document" as const, signal: AbortSignal.timeout(60_000) });

/** Everything a streamed answer says, in the order of the stream, and how it failed if it did. */
async function streamed(api: "responses" | "chat", reply: Reply) {
  server.replies = [reply];
  const { model, name } = new OpenAI({ baseUrl: server.url, api }).chatModel("gpt-test");
  const options = { model, prompt: "What is entropy?", tools: { search_slides } };
  const { stream } = streamText({ ...options, maxRetries: 0, onError() {} });

  const heard = { text: "", calls: [] as unknown[], finishReason: "", error: undefined as unknown };
  try {
    for await (const part of stream) {
      if (part.type === "text-delta") heard.text += part.text;
      if (part.type === "tool-call") heard.calls.push([part.toolName, part.input]);
      if (part.type === "finish") heard.finishReason = part.finishReason;
      if (part.type === "error") heard.error = toProviderError(part.error, name);
    }
  } catch (error) {
    heard.error = toProviderError(error, name);
  }
  return heard;
}

describe.each(["responses", "chat"] as const)("chat over OpenAI's %s protocol", (api) => {
  test("streams text and several tool calls of one step", async () => {
    const query = { query: "entropy of a gas" };
    const toolCalls = [
      { name: "search_slides", input: query },
      { name: "search_slides", input: { query: "heat" } },
    ];
    const heard = await streamed(api, { text: "I will look it up.", toolCalls });

    expect(heard.text).toBe("I will look it up.");
    expect(heard.calls).toEqual([
      ["search_slides", query],
      ["search_slides", { query: "heat" }],
    ]);
    expect(heard.finishReason).toBe("tool-calls");
    expect(server.requests[0]!.body.tools).toHaveLength(1);
  });

  test("answers in one piece as well", async () => {
    server.replies = [{ text: "Missing information." }];
    const { model } = new OpenAI({ baseUrl: server.url, api }).chatModel("gpt-test");

    expect((await generateText({ model, prompt: "What is entropy?" })).text).toBe(
      "Missing information.",
    );
  });

  test("keeps what was said before the connection broke", async () => {
    const fault = { kind: "cut", afterTokens: 2 } as const;
    const heard = await streamed(api, { text: "Entropy is missing information.", fault });

    expect(heard.text.trim()).toBe("Entropy is");
    expect(heard.error).toMatchObject({ errorCode: "provider_unavailable" });
  });

  test("distinguishes an answer that ends too early from a finished one", async () => {
    const fault = { kind: "truncate", afterTokens: 2 } as const;

    expect(await streamed(api, { text: "Entropy is missing.", fault })).toMatchObject({
      finishReason: "interrupted",
    });
  });

  // biome-ignore format: a table reads best as a table
  test.each([
    [{ kind: "status", status: 401 },                             "provider_unauthorized"],
    [{ kind: "status", status: 429 },                             "provider_rate_limited"],
    [{ kind: "status", status: 429, code: "insufficient_quota" }, "provider_quota_exceeded"],
    [{ kind: "status", status: 404 },                             "provider_request_refused"],
    [{ kind: "status", status: 503 },                             "provider_unavailable"],
    [{ kind: "error_event", afterTokens: 1 },                     "provider_unavailable"],
    [{ kind: "garbage" },                                         "provider_answer_invalid"],
  ] as const)("%j is %s", async (fault, errorCode) => {
    const heard = await streamed(api, { text: "Entropy is missing.", fault });

    expect(heard.error).toMatchObject({ errorCode, details: { provider: "openai:gpt-test" } });
  });

  test("closes its connection when the reader aborts", async () => {
    const before = server.aborted;
    server.replies = [{ text: "A long answer", fault: { kind: "stall", afterTokens: 1 } }];
    const { model } = new OpenAI({ baseUrl: server.url, api }).chatModel("gpt-test");
    const reader = new AbortController();
    const { stream } = streamText({ model, prompt: "q", abortSignal: reader.signal });

    for await (const part of stream) if (part.type === "text-delta") reader.abort();
    while (server.open > 0) await Bun.sleep(1);

    expect(server.aborted).toBe(before + 1);
  });
});

test("a server of one's own gets chat completions unless a setting chooses another API", async () => {
  server.replies = [{ text: "Yes." }];
  const { model } = new OpenAI({ baseUrl: server.url }).chatModel("llama3.2");
  await generateText({ model, prompt: "Are you there?" });

  expect(server.requests.map(({ path }) => path)).toEqual(["/v1/chat/completions"]);
});

test("OpenAI is asked not to keep what goes through its responses", async () => {
  server.replies = [{ text: "Yes." }];
  const { model } = new OpenAI({ baseUrl: server.url, api: "responses" }).chatModel("gpt-test");
  await generateText({ model, prompt: "Are you there?" });

  expect(server.requests[0]!.body.store).toBe(false);
});

describe("embedder", () => {
  test("asks models that can shorten their embeddings for the stored length", async () => {
    const openai = new OpenAI({ baseUrl: server.url });
    await openai.embedder("text-embedding-3-small").embed(["entropy"], document());
    await openai.embedder("nomic-embed-text").embed(["entropy"], document());

    expect(server.requests.map(({ body }) => body.dimensions)).toEqual([1536, undefined]);
  });

  test("uses the key where there is one", async () => {
    const keyed = new OpenAI({ baseUrl: server.url, apiKey: "sk-course" });
    await keyed.embedder("any").embed(["entropy"], document());

    expect(server.requests[0]!.headers.get("authorization")).toBe("Bearer sk-course");
  });

  // biome-ignore format: a table reads best as a table
  test.each([
    [{ kind: "status", status: 403 }, "provider_unauthorized"],
    [{ kind: "status", status: 500 }, "provider_unavailable"],
    [{ kind: "garbage" },             "provider_answer_invalid"],
    [{ kind: "empty" },               "provider_answer_invalid"],
  ] as const)("%j is %s", async (fault, errorCode) => {
    server.embeddingFaults.push(fault);
    const embedding = new OpenAI({ baseUrl: server.url }).embedder("any").embed(["a"], document());

    expect(await embedding.catch((error) => error)).toMatchObject({ errorCode });
  });

  test("a server that is not there is unavailable", async () => {
    const gone = startOpenAI();
    await gone.close();
    const embedding = new OpenAI({ baseUrl: gone.url }).embedder("any").embed(["a"], document());

    expect(await embedding.catch((error) => error)).toMatchObject({
      errorCode: "provider_unavailable",
    });
  });
});
