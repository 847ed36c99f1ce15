// One engine: the subject is OpenAI's Responses protocol.
import { describe, expect, test } from "bun:test";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, streamText, tool } from "ai";
import { collectResponse } from "../../../src/chat/openai/responses";
import type { ChatPart } from "../../../src/chat/parts";
import { ANSWER, createStudiedCourse, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

type Server = ReturnType<typeof serveChat>;
/** The AI SDK's default call, which uses the responses API. */
const courseModel = ({ url }: Server) =>
  createOpenAI({ baseURL: `${url}/v1`, apiKey: "any" })(`course:${course_id}`);
const ask = (server: Server, more: object) =>
  server.post("/v1/responses", { model: `course:${course_id}`, input: "Coins?", ...more });
const eventsOf = async (response: Response) =>
  [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));

describe("the AI SDK's default call", () => {
  test("runs its own tools, and goes on with their results", async () => {
    const draw = { toolCalls: [{ name: "show_chart", input: { of: "coin" }, id: "call_9" }] };
    for (const generate of [generateText, streamText]) {
      await using server = serveChat(db, { replies: [draw, { text: "There it is." }] });
      const result = generate({
        model: courseModel(server),
        prompt: "Draw it",
        stopWhen: ({ steps }) => steps.length === 2,
        tools: {
          show_chart: tool({
            inputSchema: jsonSchema<{ of: string }>({ type: "object" }),
            execute: async ({ of }) => `drew ${of}`,
          }),
        },
      });

      expect(await (await result).text).toBe("There it is.");
      expect(server.openai.requests.at(-1)!.body.messages.slice(1)).toMatchObject([
        { role: "user", content: "Draw it" },
        { role: "assistant", tool_calls: [{ id: "call_9", function: { name: "show_chart" } }] },
        { role: "tool", tool_call_id: "call_9", content: "drew coin" },
      ]);
    }
  });

  test("gets the error of a stream that fails", async () => {
    const fault = { kind: "cut", afterTokens: 3 } as const;
    await using server = serveChat(db, { replies: [{ ...ANSWER, fault }] });
    const errors: unknown[] = [];
    const result = streamText({
      model: courseModel(server),
      prompt: "Coins?",
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    });
    await result.consumeStream();

    expect(JSON.stringify(errors)).toContain("provider_unavailable");
  });

  test("that is aborted stops the model", async () => {
    const fault = { kind: "stall", afterTokens: 3 } as const;
    await using server = serveChat(db, { replies: [{ ...ANSWER, fault }] });
    const stop = new AbortController();
    const result = streamText({
      model: courseModel(server),
      prompt: "Coins?",
      abortSignal: stop.signal,
      onError: () => {},
    });
    for await (const _ of result.textStream) stop.abort();
    while (server.openai.aborted === 0) await Bun.sleep(2);

    expect(server.openai.aborted).toBe(1);
  });
});

test("the events are numbered, open each item before its text, and close it", async () => {
  await using server = serveChat(db, { replies: [ANSWER] });
  const events = await eventsOf(await ask(server, { stream: true }));

  expect([...new Set(events.map(({ type }) => type))]).toEqual([
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()]);
});

test("an answer that the limit of tokens cuts is incomplete", async () => {
  async function* parts(): AsyncGenerator<ChatPart[]> {
    const content = "A fair coin";
    const metadata = { status: "complete" as const, finish_reason: "length" };
    const answer = { id: "a", step: 0, content, metadata };
    yield [
      { type: "text", delta: content },
      { type: "step-end", answer, usage: {} },
    ];
    const summary = { model: "test", usage: {}, latency_ms: 1, hits: 0 };
    yield [{ type: "finish", summary, interrupts: [] }];
  }
  const identity = { id: "resp_1", created: 1, model: "m", origin: "http://x", notes: [] };

  expect(await collectResponse(parts(), identity)).toMatchObject({
    status: "incomplete",
    incomplete_details: { reason: "max_output_tokens" },
    output: [{ type: "message", content: [{ text: "A fair coin" }] }],
  });
});

test.each([
  [{ previous_response_id: "resp_1" }, "previous_response_id"],
  [{ background: true }, "background"],
  [{ text: { format: { type: "json_schema" } } }, "text.format.type"],
  [{ tools: [{ type: "web_search" }] }, "tools.0.type"],
  [{ tools: [{ type: "function", name: "a b" }] }, "tools.0.name"],
  [{ tool_choice: "required" }, "tool_choice"],
  [{ input: [{ type: "reasoning", summary: [] }] }, "input"],
])("a request with %o is refused with the name of the field", async (more, param) => {
  await using server = serveChat(db);
  const response = await ask(server, more);

  expect(response.status).toBe(422);
  expect((await response.json()).error).toMatchObject({ code: "request_invalid", param });
});

test("references to stored items are left out with a note", async () => {
  await using server = serveChat(db, { replies: [ANSWER] });
  const input = [
    { role: "user", content: [{ type: "input_text", text: "Hello" }] },
    { type: "item_reference", id: "msg_1" },
    { role: "user", content: [{ type: "input_text", text: "Coins?" }] },
  ];
  const { notes, output } = await (await ask(server, { input })).json();

  expect(notes).toEqual(["input.1: an item of this type is left out"]);
  expect(output[0].content[0].text).toBe(ANSWER.text);
});

test("errors name the fields of this API", async () => {
  await using server = serveChat(db);
  const image = { type: "input_image", image_url: "ftp://example.org/a.png" };
  const refused: [object, string][] = [
    [{ input: " " }, "input"],
    [{ input: [{ role: "user", content: [image] }] }, "input"],
    [{ prompt: { id: "pmpt_1" } }, "prompt"],
    [{ top_logprobs: 2 }, "top_logprobs"],
    [{ tool_choice: { type: "web_search" } }, "tool_choice"],
  ];
  for (const [body, param] of refused) {
    const response = await ask(server, body);
    expect(response.status).toBe(422);
    expect((await response.json()).error).toMatchObject({ code: "request_invalid", param });
  }
  expect(server.openai.requests).toHaveLength(0);
});
