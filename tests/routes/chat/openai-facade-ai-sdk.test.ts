// One engine: the subject is OpenAI's protocol, as the AI SDK reads it.
import { describe, expect, test } from "bun:test";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, streamText, tool } from "ai";
import { ANSWER, createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";

const db = await withDatabase();
const { course_id, file_url } = await createStudiedCourse(db);

type Server = ReturnType<typeof serveChat>;

const courseModel = ({ url }: Server) =>
  createOpenAI({ baseURL: `${url}/v1`, apiKey: "any" }).chat(`course:${course_id}`);
const sentTo = ({ openai }: Server) => openai.requests.at(-1)!.body.messages;
const link = ({ url }: Server) => `${url}${file_url}#page=7`;

const responsesModel = ({ url }: Server) =>
  createOpenAI({ baseURL: `${url}/v1`, apiKey: "any" })(`course:${course_id}`);

describe.each([
  ["chat completions", courseModel],
  ["the responses API, its default", responsesModel],
])("the AI SDK by %s", (_, modelOf) => {
  test("generates an answer with its sources", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const result = await generateText({ model: modelOf(server), prompt: "Coins?" });

    expect(result.text).toBe(ANSWER.text);
    expect(result.finishReason).toBe("stop");
    expect(result.usage).toMatchObject({ inputTokens: 22 });
    expect(result.sources).toMatchObject([{ url: link(server), title: "Coins" }]);
  });

  test("streams an answer with its sources", async () => {
    // Text that the model sends at once is one piece.
    await using server = serveChat(db, { replies: [SEARCH, ANSWER], paceMs: 20 });
    const result = streamText({ model: modelOf(server), prompt: "Coins?" });
    const pieces = await Array.fromAsync(result.textStream);

    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("")).toBe(ANSWER.text);
    expect(await result.finishReason).toBe("stop");
    expect(await result.usage).toMatchObject({ inputTokens: 22 });
    expect(await result.sources).toMatchObject([{ url: link(server), title: "Coins" }]);
  });
});

describe("the AI SDK's OpenAI provider", () => {
  test("runs its own tools beside ours, and goes on with their results", async () => {
    const draw = { toolCalls: [{ name: "show_chart", input: { of: "coin" }, id: "call_9" }] };
    for (const generate of [generateText, streamText]) {
      await using server = serveChat(db, { replies: [SEARCH, draw, { text: "There it is." }] });
      const drawn: unknown[] = [];
      const result = generate({
        model: courseModel(server),
        prompt: "Draw it",
        stopWhen: ({ steps }) => steps.length === 2,
        tools: {
          show_chart: tool({
            inputSchema: jsonSchema<{ of: string }>({ type: "object" }),
            execute: async (input) => {
              drawn.push(input);
              return "drawn";
            },
          }),
        },
      });
      const { text, steps } = await result;

      expect(await text).toBe("There it is.");
      expect((await steps)[0]!.finishReason).toBe("tool-calls");
      expect(drawn).toEqual([{ of: "coin" }]);
      expect(sentTo(server).slice(1)).toMatchObject([
        { role: "user", content: "Draw it" },
        { role: "assistant", tool_calls: [{ id: "call_9", function: { name: "show_chart" } }] },
        { role: "tool", tool_call_id: "call_9", content: "drawn" },
      ]);
    }
  });

  test("learns of a model that fails in mid-answer", async () => {
    const fault = { kind: "cut", afterTokens: 3 } as const;
    await using server = serveChat(db, { replies: [{ ...ANSWER, fault }] });
    const errors: unknown[] = [];
    const result = streamText({
      model: courseModel(server),
      prompt: "Coins?",
      maxRetries: 0,
      onError: ({ error }) => errors.push(error),
    });
    await result.consumeStream();

    expect(errors).toHaveLength(1);
  });
});
