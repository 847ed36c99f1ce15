// One engine: the subject is the parameters of OpenAI's protocol.
import { describe, expect, test } from "bun:test";
import { openExtractiveAnswerer } from "../../../src/providers/local/extractive-answerer";
import { createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { Reply } from "../../support/openai";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

const LONG: Reply = { text: "One bit [1]. Observation: nothing else." };
const chart = { type: "function", function: { name: "show_chart", parameters: {} } };
const table = { type: "function", function: { name: "show_table", parameters: {} } };
const draw: Reply = { toolCalls: [{ name: "show_chart", input: { of: "coin" } }] };

const asking = (more: object) => ({
  model: `course:${course_id}`,
  messages: [{ role: "user", content: "Coins?" }],
  ...more,
});
type Server = ReturnType<typeof serveChat>;
const complete = async (server: Server, more: object) =>
  (await server.post("/v1/chat/completions", asking(more))).json();
const sentTo = (server: Server, index = -1) => server.openai.requests.at(index)!.body;
const namesOf = (body: { tools: { function: { name: string } }[] }) =>
  body.tools.map((tool) => tool.function.name);

describe("a choice of tools", () => {
  test("none leaves out the tools of the client, and keeps those of the course", async () => {
    await using server = serveChat(db, { replies: [LONG] });
    await complete(server, { tools: [chart], tool_choice: "none" });

    expect(namesOf(sentTo(server))).toContain("search_slides");
    expect(namesOf(sentTo(server))).not.toContain("show_chart");
  });

  test("required lets the model search, and must end in a tool of the client", async () => {
    await using server = serveChat(db, { replies: [SEARCH, draw] });
    const { choices } = await complete(server, { tools: [chart, table], tool_choice: "required" });

    expect(choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ function: { name: "show_chart" } }] },
    });
    const choicesSent = server.openai.requests.map(({ body }) => body.tool_choice);
    expect(choicesSent).toEqual(["required", "required"]);
  });

  test("required offers only the tools of the client to a model that only searches", async () => {
    const replies = [...Array.from({ length: 5 }, () => SEARCH), draw];
    await using server = serveChat(db, { replies });
    await complete(server, { tools: [chart], tool_choice: "required" });

    expect(namesOf(sentTo(server, 4))).toContain("search_slides");
    expect(namesOf(sentTo(server, 5))).toEqual(["show_chart"]);
  });

  test("a function offers this one only", async () => {
    await using server = serveChat(db, { replies: [draw] });
    const tool_choice = { type: "function", function: { name: "show_chart" } };
    await complete(server, { tools: [chart, table], tool_choice });

    expect(namesOf(sentTo(server))).toContain("show_chart");
    expect(namesOf(sentTo(server))).not.toContain("show_table");
  });

  test("is refused for a tool that the request does not offer", async () => {
    await using server = serveChat(db);
    for (const tool_choice of ["required", { type: "function", function: { name: "x" } }]) {
      const { error } = await complete(server, { tool_choice });
      expect(error).toMatchObject({ code: "request_invalid", param: "tool_choice" });
    }
  });

  test("is refused by a server whose answers are extracts", async () => {
    await using server = serveChat(db, { chatModel: openExtractiveAnswerer });
    const { error } = await complete(server, { tools: [chart], tool_choice: "required" });

    expect(error).toMatchObject({ code: "request_invalid", param: "tool_choice" });
  });
});

test("a response format other than text is refused by its name", async () => {
  await using server = serveChat(db, { replies: [LONG] });
  for (const type of ["json_object", "json_schema"]) {
    const { error } = await complete(server, { response_format: { type } });
    expect(error).toMatchObject({ type: "invalid_request_error", param: "response_format.type" });
    expect(error.message).toContain("must be text");
  }
  expect((await complete(server, { response_format: { type: "text" } })).choices).toHaveLength(1);
});

test("the model gets the limit of tokens, and no more than our own", async () => {
  await using server = serveChat(db, { replies: () => LONG });
  await complete(server, { max_tokens: 50 });
  await complete(server, { max_tokens: 50, max_completion_tokens: 60 });
  await complete(server, { max_completion_tokens: 100_000 });

  const limits = server.openai.requests.map(
    ({ body }) => body.max_completion_tokens ?? body.max_tokens,
  );
  expect(limits).toEqual([50, 60, 4_096]);
});

describe("a stop text", () => {
  test("ends the answer before its first occurrence, streamed and whole", async () => {
    for (const stop of [["Observation:"], ["nothing", "Observation:"]]) {
      await using server = serveChat(db, { replies: [SEARCH, LONG, SEARCH, LONG] });
      const whole = await complete(server, { stop });
      const streamed = await server.post("/v1/chat/completions", asking({ stop, stream: true }));
      const deltas = [...(await streamed.text()).matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)];

      expect(whole.choices[0].message.content).toBe("One bit [1]. ");
      expect(deltas.map(([, text]) => text).join("")).toStartWith("One bit [1]. ");
      expect(deltas.join("")).not.toContain("Obs");
      expect(whole.choices[0].message.annotations).toHaveLength(1);
      expect(sentTo(server).stop).toEqual(stop);
    }
  });

  test("that does not occur changes nothing, also when the answer ends like its beginning", async () => {
    await using server = serveChat(db, { replies: () => ({ text: "It is one bit, Obs" }) });
    const streamed = await server.post(
      "/v1/chat/completions",
      asking({ stop: "Observation:", stream: true }),
    );
    const chunks = (await streamed.text())
      .split("\n\n")
      .filter((frame) => frame.startsWith("data: {"))
      .map((frame) => JSON.parse(frame.slice(6)));

    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
    expect(text).toBe("It is one bit, Obs");
    expect(chunks.at(-1).choices[0].finish_reason).toBe("stop");
  });
});

test("parts of other vendors are left out, and both the model and the caller see it", async () => {
  await using server = serveChat(db, { replies: () => LONG });
  const messages = [
    { role: "user", content: "Hello" },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "Hi" },
      ],
    },
    {
      role: "user",
      content: [
        { type: "text", text: "Coins?" },
        { type: "input_audio", input_audio: { data: "AA", format: "wav" } },
        { type: "<script>\n", x: 1 },
        { type: "file", file: { file_id: "file-1" } },
      ],
    },
  ];
  const { notes, choices } = await complete(server, { messages });

  expect(choices[0].message.content).toBe(LONG.text);
  expect(notes).toEqual([
    "messages.1.content.0: thinking cannot be read here",
    "messages.2.content.1: input_audio cannot be read here",
    "messages.2.content.2: part cannot be read here",
    "messages.2.content.3: file cannot be read here",
  ]);
  expect(JSON.stringify(sentTo(server).messages)).toContain(
    "[input_audio that cannot be read here]",
  );
  const { error } = await complete(server, {
    messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "ftp://x" } }] }],
  });
  expect(error).toMatchObject({ code: "request_invalid" });
});

test("a failure that would repeat itself has x-should-retry: false, an outage true", async () => {
  const failing = (status: number): Reply => ({ fault: { kind: "status", status } });
  await using server = serveChat(db, { replies: [failing(400), failing(503), failing(503)] });
  const refused = await server.post("/v1/chat/completions", asking({}));
  const outage = await server.post("/v1/chat/completions", asking({}));
  const invalid = await server.post("/v1/chat/completions", asking({ n: 2 }));

  expect([refused.status, refused.headers.get("x-should-retry")]).toEqual([502, "false"]);
  expect([outage.status, outage.headers.get("x-should-retry")]).toEqual([503, "true"]);
  expect([invalid.status, invalid.headers.get("x-should-retry")]).toEqual([422, "false"]);
});

const image = (url: string) => [{ type: "image_url", image_url: { url } }];
const REFUSED: [string, object, string, string][] = [
  ["functions of the former API", { functions: [{ name: "x" }] }, "functions", "tools"],
  ["a choice of such a function", { function_call: { name: "x" } }, "function_call", "tool_choice"],
  ["spoken answers", { modalities: ["text", "audio"] }, "modalities.1", "must be text"],
  ["probabilities of tokens", { logprobs: true }, "logprobs", "cannot be honoured"],
  [
    "another kind of choice",
    { tool_choice: { type: "allowed_tools" } },
    "tool_choice",
    "a function",
  ],
  ["a blank question", { messages: [{ role: "user", content: " " }] }, "messages", "a question"],
  [
    "a blank question in parts",
    { messages: [{ role: "user", content: [{ type: "text", text: "" }] }] },
    "messages",
    "a question",
  ],
  [
    "an image at an address that is not of the web",
    { messages: [{ role: "user", content: image("ftp://example.org/a.png") }] },
    "messages.0.content.0.image_url.url",
    "not a data: URL in base64, or must be a web address",
  ],
];
test.each(REFUSED)(
  "%s is refused by its name, without a call",
  async (_, setting, param, reason) => {
    await using server = serveChat(db);
    const { error } = await complete(server, setting);

    expect(error).toMatchObject({ code: "request_invalid", param });
    expect(error.message).toContain(reason);
    expect(server.openai.requests).toHaveLength(0);
  },
);

test("an image without a text is a question", async () => {
  await using server = serveChat(db, { replies: [LONG] });
  const content = image("https://example.org/a.png");
  const { choices } = await complete(server, { messages: [{ role: "user", content }] });

  expect(choices[0].message.content).toBe(LONG.text!);
});
