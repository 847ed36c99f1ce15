// One engine: the subject is OpenAI's protocol, as its client libraries read it.
import { beforeEach, describe, expect, test } from "bun:test";
import { createOpenAI } from "@ai-sdk/openai";
import { OpenAIEmbeddings } from "@langchain/openai";
import { embed, embedMany } from "ai";
import { encode } from "gpt-tokenizer/encoding/cl100k_base";
import OpenAIClient from "openai";
import type { EndedCall } from "../../../src/db/jobs/receipt-writer";
import { createStudiedCourse, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import { createCourse } from "../../support/factories";
import { bagOfWords } from "../../support/openai/embeddings";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);
const model = `course:${course_id}`;

const calls: EndedCall[] = [];
beforeEach(() => void calls.splice(0));
const receipts = { record: (call: EndedCall) => void calls.push(call) };
const serve = (options: Parameters<typeof serveChat>[1] = {}) =>
  serveChat(db, { receipts, ...options });
type Server = ReturnType<typeof serve>;

const ask = async (server: Server, body: object) => {
  const response = await server.post("/v1/embeddings", { model, ...body });
  return { status: response.status, headers: response.headers, body: await response.json() };
};
const textsSent = ({ openai }: Server) =>
  openai.requestsTo("/v1/embeddings").flatMap(({ body }) => body.input as string | string[]);
const distance = (a: number[], b: number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));

describe("clients get the vectors of the course's model", () => {
  test("the openai package, which asks for base64", async () => {
    await using server = serve();
    const client = new OpenAIClient({ baseURL: `${server.url}/v1`, apiKey: "any" });
    const {
      data,
      usage,
      model: named,
    } = await client.embeddings.create({ model, input: ["Coins", "Dice"] });

    expect(named).toBe(model);
    expect(data.map(({ index }) => index)).toEqual([0, 1]);
    expect(distance(data[1]!.embedding, bagOfWords("Dice", 1536))).toBeLessThan(1e-6);
    expect(usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
  });

  test("the AI SDK, one text and many", async () => {
    await using server = serve();
    const provider = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: "any" });
    const one = await embed({ model: provider.embedding(model), value: "Coins" });
    const values = Array.from({ length: 600 }, (_, i) => `Coin ${i}`);
    const many = await embedMany({ model: provider.embedding(model), values });

    expect(distance(one.embedding, bagOfWords("Coins", 1536))).toBeLessThan(1e-6);
    expect(many.embeddings).toHaveLength(600);
    expect(distance(many.embeddings[599]!, bagOfWords("Coin 599", 1536))).toBeLessThan(1e-6);
  });

  test("LangChain", async () => {
    await using server = serve();
    const configuration = { baseURL: `${server.url}/v1` };
    const embeddings = new OpenAIEmbeddings({ model, apiKey: "any", configuration });

    expect(await embeddings.embedDocuments(["Coins", "Dice"])).toHaveLength(2);
    expect(await embeddings.embedQuery("Coins")).toHaveLength(1536);
  });

  test("a text, lists of texts, tokens and lists of tokens, as numbers by default", async () => {
    await using server = serve();
    const tokens = encode("A fair coin");
    const inputs = ["A fair coin", ["A fair coin"], tokens, [tokens], ["A fair coin", tokens]];
    for (const input of inputs) {
      const { body } = await ask(server, { input, encoding_format: null, user: "me" });
      expect(body).toMatchObject({
        object: "list",
        model,
        embedding_model: "openai:text-embedding-3-small",
      });
      expect(body.data[0]).toMatchObject({ object: "embedding", index: 0 });
      expect(distance(body.data.at(-1).embedding, bagOfWords("A fair coin", 1536))).toBeLessThan(
        1e-6,
      );
    }
    expect(new Set(textsSent(server))).toEqual(new Set(["A fair coin"]));
  });

  test("dimensions can be named if they are those of the vectors", async () => {
    await using server = serve();
    const { body } = await ask(server, { input: "Coins", dimensions: 1536 });

    expect(body.data[0].embedding).toHaveLength(1536);
  });
});

describe("the model", () => {
  test("is that of the course's vectors, not the configured one", async () => {
    await using server = serve();
    const course = await createCourseWithVectorsOf("openai:text-embedding-ada-002");
    const { body } = await ask(server, { model: `course:${course}`, input: "Coins" });

    expect(body.embedding_model).toBe("openai:text-embedding-ada-002");
    expect(server.openai.requests[0]!.body.model).toBe("text-embedding-ada-002");
  });

  test("that has no settings is refused, because other vectors could not be compared", async () => {
    await using server = serve();
    const course = await createCourseWithVectorsOf("cohere:embed-v4");
    const { status, headers, body } = await ask(server, {
      model: `course:${course}`,
      input: "Coins",
    });

    expect(status).toBe(409);
    expect(headers.get("x-should-retry")).toBe("false");
    expect(body.error).toMatchObject({ code: "embedding_model_unavailable" });
    expect(body.error.message).toContain("cohere:embed-v4");
    expect(server.openai.requests).toHaveLength(0);
  });

  test("of a course that does not exist is not found", async () => {
    await using server = serve();
    for (const unknown of [`course:${crypto.randomUUID()}`, "text-embedding-3-small"]) {
      const { status, body } = await ask(server, { model: unknown, input: "Coins" });
      expect([status, body.error.code]).toEqual([404, "course_not_found"]);
    }
  });
});

async function createCourseWithVectorsOf(embedding_model: string): Promise<string> {
  const { course_id } = await createStudiedCourse(db);
  await db`update slide_chunks set embedding = ${JSON.stringify(bagOfWords("Coins", 1536))}::halfvec,
                                   embedding_model = ${embedding_model}
           where course_id = ${course_id}`;
  return course_id;
}

const LONG = "entropy ".repeat(9_000);
const REFUSED: [string, object, string, string][] = [
  ["no input", {}, "input", ""],
  ["an empty list", { input: [] }, "input", ""],
  ["an empty text", { input: "" }, "input", "blank"],
  ["a blank text in a list", { input: ["Coins", " \n"] }, "input.1", "blank"],
  ["a text longer than the model reads", { input: ["Coins", LONG] }, "input.1", "8191 tokens"],
  ["a text too long to be counted", { input: "x".repeat(200_000) }, "input", "8191 tokens"],
  ["more texts than a request can have", { input: Array(2_049).fill("Coin") }, "input", "2048"],
  [
    "more tokens than a request can have",
    { input: Array(50).fill(LONG.slice(0, 56_000)) },
    "input",
    "300000",
  ],
  ["an unknown token", { input: [999_999_999] }, "input", "cl100k_base"],
  ["a number among texts", { input: ["Coins", 7] }, "input.1", "text"],
  ["other dimensions", { input: "Coins", dimensions: 256 }, "dimensions", "1536"],
  ["an unknown format", { input: "Coins", encoding_format: "int8" }, "encoding_format", ""],
];
test.each(REFUSED)("%s is refused by its name, without a call", async (_, body, param, reason) => {
  await using server = serve();
  const { status, body: answer } = await ask(server, body);

  expect(status).toBe(422);
  expect(answer.error).toMatchObject({
    type: "invalid_request_error",
    code: "request_invalid",
    param,
  });
  expect(answer.error.message).toContain(reason);
  expect(server.openai.requests).toHaveLength(0);
});

describe("paid calls", () => {
  test("have receipts of the course", async () => {
    await using server = serve();
    await ask(server, { input: ["Coins", "Dice"] });

    expect(calls).toMatchObject([
      {
        purpose: "embed_texts",
        provider: "openai",
        model: "text-embedding-3-small",
        course_id,
        state: "ok",
        usage: { tokens: 2 },
        isFree: false,
      },
    ]);
  });

  test("are refused when a budget of the course or of the settings is used up", async () => {
    const course = await createCourse(db);
    await db`
      insert into provider_calls
        (id, call_key, purpose, provider, model, course_id, state, usage, finished_at)
      values (gen_random_uuid(), 'test', 'embed_texts', 'openai', 'text-embedding-3-small', ${course},
              'ok', '{"tokens": 1000000000}', now())`;
    const body = { model: `course:${course}`, input: "Coins" };
    for (const scope of ["course", "day"] as const) {
      await using server = serve({ budgets: { [scope]: { usd: 1 } } });
      const { status, headers, body: answer } = await ask(server, body);

      expect([status, answer.error.code]).toEqual([409, "budget_exceeded"]);
      expect(answer.error.message).toContain(`budget of the ${scope}`);
      expect(headers.get("x-should-retry")).toBe("false");
      expect(server.openai.requests).toHaveLength(0);
    }
    await db`update courses set budget = '{"course": {"usd": 1}}' where id = ${course}`;
    await using server = serve();
    expect((await ask(server, body)).status).toBe(409);
    await db`update courses set budget = '{"course": {"usd": 1000}}' where id = ${course}`;
    expect((await ask(server, body)).status).toBe(200);
  });

  test("that fail have the provider's error, and a receipt", async () => {
    await using server = serve();
    server.openai.embeddingFaults.push({ kind: "status", status: 429, retryAfterSeconds: 2 });
    const { status, headers, body } = await ask(server, { input: "Coins" });

    expect([status, body.error.code]).toEqual([503, "provider_rate_limited"]);
    expect(headers.get("x-should-retry")).toBe("true");
    expect(calls).toMatchObject([
      { state: "error", usage: {}, error_code: "provider_rate_limited" },
    ]);
  });

  test("stop when the client leaves", async () => {
    await using server = serve();
    server.openai.embeddingFaults.push({ kind: "stall", afterTokens: 0 });
    const client = new AbortController();
    const body = { model, input: Array(600).fill("Coins") };
    const asked = server.post("/v1/embeddings", body, { signal: client.signal });
    while (server.openai.requests.length === 0) await Bun.sleep(2);
    client.abort();
    await expect(asked).rejects.toThrow("abort");
    while (calls.length === 0) await Bun.sleep(2);

    expect(calls).toMatchObject([{ state: "lost", purpose: "embed_texts" }]);
    expect(server.openai.requests).toHaveLength(1);
  });
});

test("a key is needed, and the course must be in its reach", async () => {
  await using server = serve({ key: "k".repeat(40) });
  const { status, body } = await ask(server, { input: "Coins" });

  expect([status, body.error.type]).toEqual([401, "authentication_error"]);
});
