// One engine: the subject is OpenAI's protocol, as its client libraries read it.
import { describe, expect, test } from "bun:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatOpenAI } from "@langchain/openai";
import { generateText } from "ai";
import OpenAI7 from "openai";
import OpenAI6 from "openai-6";
import { z } from "zod";
import { ANSWER, createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { Reply } from "../../support/openai";

const db = await withDatabase();
const { course_id, file_url } = await createStudiedCourse(db);
const model = `course:${course_id}`;
const question = [{ role: "user" as const, content: "Coins?" }];
const draw: Reply = { toolCalls: [{ name: "show_chart", input: { of: "coin" }, id: "call_9" }] };
const show_chart = {
  name: "show_chart",
  description: "Draws a chart",
  parameters: { type: "object" as const, properties: { of: { type: "string" as const } } },
};
const tools = [{ type: "function" as const, function: show_chart }];

type Server = ReturnType<typeof serveChat>;
const link = ({ url }: Server) => `${url}${file_url}#page=7`;
/** Questions to the model, which pays for each. */
const asked = ({ openai }: Server) => openai.requestsTo("/v1/chat/completions").length;

/** The packages' promises send their request when they are awaited. */
const failureOf = async (sent: PromiseLike<unknown>): Promise<unknown> => {
  try {
    return await sent;
  } catch (error) {
    return error;
  }
};

// Node 20 installs version 6. The types of both are used as those of version 7.
const PACKAGES = { "openai 7": OpenAI7, "openai 6": OpenAI6 as unknown as typeof OpenAI7 };
describe.each(Object.entries(PACKAGES))("%s", (_, OpenAI) => {
  const open = ({ url }: Server) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "any" });

  test("lists courses as models, and gets one", async () => {
    await using server = serveChat(db);
    const models = await Array.fromAsync(open(server).models.list());
    const named = await open(server).models.retrieve(model);

    expect(models).toContainEqual(named);
    expect(named).toMatchObject({ id: model, object: "model", owned_by: "lectern" });
  });

  test("completes a chat with annotations", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const { choices, usage } = await open(server).chat.completions.create({
      model,
      messages: question,
    });

    expect(choices[0]!.message.content).toBe(ANSWER.text);
    expect(choices[0]!.message.annotations).toMatchObject([
      { url_citation: { url: link(server) } },
    ]);
    expect(usage!.total_tokens).toBeGreaterThan(0);
  });

  test("streams a chat with usage, and its helper keeps the annotations", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER, SEARCH, ANSWER] });
    const chat = open(server).chat.completions;
    const stream_options = { include_usage: true };
    const request = { model, messages: question, stream_options };
    const chunks = await Array.fromAsync(await chat.create({ ...request, stream: true }));
    const whole = await chat.stream(request).finalChatCompletion();

    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(ANSWER.text);
    expect(chunks.at(-1)!.usage!.total_tokens).toBeGreaterThan(0);
    expect(whole.choices[0]!.message).toMatchObject({
      content: ANSWER.text,
      annotations: [{ url_citation: { url: link(server) } }],
    });
  });

  test("runs its own tools", async () => {
    await using server = serveChat(db, { replies: [draw, { text: "There it is." }] });
    const drawn: string[] = [];
    const runner = open(server).chat.completions.runTools({
      model,
      messages: question,
      tools: [
        {
          type: "function",
          function: {
            ...show_chart,
            parse: JSON.parse,
            function: ({ of }: { of: string }) => {
              drawn.push(of);
              return "drawn";
            },
          },
        },
      ],
    });

    expect(await runner.finalContent()).toBe("There it is.");
    expect(drawn).toEqual(["coin"]);
  });

  test("creates and streams responses", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER, SEARCH, ANSWER] });
    const { responses } = open(server);
    const whole = await responses.create({ model, input: "Coins?" });
    const streamed = await responses.stream({ model, input: "Coins?" }).finalResponse();

    for (const { output_text, output } of [whole, streamed]) {
      expect(output_text).toBe(ANSWER.text);
      expect(JSON.stringify(output)).toContain(link(server));
    }
  });

  test("reads images and files", async () => {
    await using server = serveChat(db, { replies: [{ text: "A coin." }] });
    const data = Buffer.from("%PDF-1.4").toString("base64");
    await open(server).chat.completions.create({
      model,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: "https://example.org/coin.png" } },
            {
              type: "file",
              file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${data}` },
            },
          ],
        },
      ],
    });

    const { content } = server.openai.requests[0]!.body.messages.at(-1);
    expect(content.map(({ type }: { type: string }) => type)).toEqual([
      "text",
      "image_url",
      "file",
    ]);
  });

  test("names the field of a setting that is refused, and does not repeat the request", async () => {
    await using server = serveChat(db);
    const chat = open(server).chat.completions;
    const schema = { name: "answer", schema: { type: "object" } };
    const refused = {
      n: { n: 2 },
      "response_format.type": {
        response_format: { type: "json_schema" as const, json_schema: schema },
      },
      tool_choice: { tool_choice: "required" as const },
    };
    for (const [param, setting] of Object.entries(refused)) {
      const error = await failureOf(chat.create({ model, messages: question, ...setting }));
      expect(error).toBeInstanceOf(OpenAI.UnprocessableEntityError);
      expect(error).toMatchObject({ status: 422, code: "request_invalid", param });
    }
    expect(asked(server)).toBe(0);
  });

  test("gets its own classes of errors", async () => {
    await using server = serveChat(db, { key: "k".repeat(40) });
    const unknown = `course:${crypto.randomUUID()}`;
    const friend = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "k".repeat(40) });
    const chat = friend.chat.completions;

    expect(await failureOf(open(server).models.list())).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(await failureOf(friend.models.retrieve(unknown))).toBeInstanceOf(OpenAI.NotFoundError);
    expect(await failureOf(chat.create({ model: unknown, messages: question }))).toBeInstanceOf(
      OpenAI.NotFoundError,
    );
  });

  test("does not pay again for a question that the provider refuses", async () => {
    const fault = { kind: "status", status: 400 } as const;
    await using server = serveChat(db, { replies: () => ({ fault }) });
    const { completions } = open(server).chat;
    const error = await failureOf(completions.create({ model, messages: question }));

    expect(error).toMatchObject({ status: 502, code: "provider_request_refused" });
    expect(asked(server)).toBe(1);
  });

  test("throws at a failure in the middle of a stream", async () => {
    const fault = { kind: "cut", afterTokens: 3 } as const;
    await using server = serveChat(db, { replies: [{ ...ANSWER, fault }] });
    const stream = await open(server).chat.completions.create({
      model,
      messages: question,
      stream: true,
    });

    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ code: "provider_unavailable" });
  });

  test("stops the model when it aborts", async () => {
    const fault = { kind: "stall", afterTokens: 3 } as const;
    await using server = serveChat(db, { replies: [{ ...ANSWER, fault }] });
    const stream = await open(server).chat.completions.create({
      model,
      messages: question,
      stream: true,
    });
    for await (const _ of stream) stream.controller.abort();
    while (server.openai.aborted === 0) await Bun.sleep(2);

    expect(server.openai.aborted).toBe(1);
  });

  test("gets twenty streams at the same time", async () => {
    await using server = serveChat(db, { replies: () => ({ text: "One bit." }) });
    const client = open(server);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        client.chat.completions.stream({ model, messages: question }).finalContent(),
      ),
    );

    expect(new Set(answers)).toEqual(new Set(["One bit."]));
  });
});

describe("LangChain", () => {
  const open = ({ url }: Server) =>
    new ChatOpenAI({
      model,
      apiKey: "any",
      configuration: { baseURL: `${url}/v1` },
      maxRetries: 0,
    });

  test("invokes and streams, with usage", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER, SEARCH, ANSWER] });
    const whole = await open(server).invoke("Coins?");
    const chunks = await Array.fromAsync(await open(server).stream("Coins?"));

    expect(whole.text).toBe(ANSWER.text);
    expect(whole.usage_metadata!.total_tokens).toBeGreaterThan(0);
    expect(chunks.map(({ text }) => text).join("")).toBe(ANSWER.text);
    expect(chunks.some(({ usage_metadata }) => usage_metadata)).toBe(true);
  });

  test("binds tools", async () => {
    await using server = serveChat(db, { replies: [draw] });
    const { tool_calls } = await open(server).bindTools(tools).invoke("Draw it");

    expect(tool_calls).toMatchObject([{ name: "show_chart", args: { of: "coin" }, id: "call_9" }]);
  });

  test("gets structured output by a call of a tool, and a clear error by a schema", async () => {
    await using server = serveChat(db, {
      replies: [{ toolCalls: [{ name: "extract", input: { bits: 1 } }] }],
    });
    const shape = z.object({ bits: z.number() });
    const byTool = open(server).withStructuredOutput(shape, {
      name: "extract",
      method: "functionCalling",
    });
    const bySchema = open(server).withStructuredOutput(shape, { method: "jsonSchema" });

    expect(await byTool.invoke("Coins?")).toEqual({ bits: 1 });
    await expect(bySchema.invoke("Coins?")).rejects.toThrow("must be text");
  });

  test("stops the model when it aborts", async () => {
    const fault = { kind: "stall", afterTokens: 3 } as const;
    await using server = serveChat(db, { replies: [{ ...ANSWER, fault }] });
    const stop = new AbortController();
    const read = async () => {
      for await (const _ of await open(server).stream("Coins?", { signal: stop.signal }))
        stop.abort();
    };
    await expect(read()).rejects.toThrow(/abort/i);
    while (server.openai.aborted === 0) await Bun.sleep(2);

    expect(server.openai.aborted).toBe(1);
  });
});

test("the AI SDK's provider for compatible servers generates, but drops annotations", async () => {
  await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
  const provider = createOpenAICompatible({ name: "lectern", baseURL: `${server.url}/v1` });
  const { text, sources } = await generateText({ model: provider(model), prompt: "Coins?" });

  expect(text).toBe(ANSWER.text);
  expect(sources).toEqual([]);
});
