// One engine: the subject is OpenAI's protocol.
import { describe, expect, test } from "bun:test";
import { ANSWER, createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { Reply } from "../../support/openai";
import { eventually } from "../../support/waiting";

const db = await withDatabase();
const { course_id, file_url } = await createStudiedCourse(db);

type Server = ReturnType<typeof serveChat>;

const model = `course:${course_id}`;
const asked = [{ role: "user", content: "How much entropy has a coin?" }];
const completions = "/v1/chat/completions";

const sentTo = ({ openai }: Server) => openai.requests.at(-1)!.body.messages;
const link = ({ url }: Server) => `${url}${file_url}#page=7`;

/** The data of each event, without comments. */
async function readData(response: Response): Promise<string[]> {
  const events = (await response.text()).split("\n\n").filter((event) => event !== "");
  return events.flatMap((event) => (event.startsWith("data: ") ? [event.slice(6)] : []));
}

describe("POST /v1/chat/completions", () => {
  test("answers as OpenAI does, with checked citations besides", async () => {
    const text = "A fair coin has one bit [1]. A die has 29 bits [1]. `a[1]`";
    await using server = serveChat(db, { replies: [SEARCH, { text }] });
    const response = await server.post(completions, { model, messages: asked });
    const completion = await response.json();
    const [first, second] = completion.choices[0].message.annotations;

    expect(completion).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: "chat.completion",
      model,
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: text } }],
      citations: [
        {
          number: 1,
          page_number: 7,
          url: link(server),
          quote: "A fair coin has one bit of entropy.",
        },
      ],
      unsupported: [{ start: 29, end: 51, reason: "number", numbers: [1] }],
      usage: { prompt_tokens: 22, completion_tokens: expect.any(Number) },
    });
    expect(completion.choices[0].message.annotations).toHaveLength(2);
    expect(first).toMatchObject({ type: "url_citation", url_citation: { url: link(server) } });
    const { start_index, end_index } = second.url_citation;
    expect([start_index, text.slice(start_index, end_index)]).toEqual([47, "[1]"]);
  });

  test("streams chunks that end with a reason, and usage for those who ask", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const stream_options = { include_usage: true };
    const body = { model, messages: asked, stream: true, stream_options };
    const response = await server.post(completions, body);
    const data = await readData(response);
    const chunks = data.slice(0, -1).map((one) => JSON.parse(one));
    const choices = chunks.slice(0, -1).map(({ choices }) => choices[0]);

    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(data.at(-1)).toBe("[DONE]");
    expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1);
    expect(choices[0].delta).toEqual({ role: "assistant", content: "" });
    expect(choices.map(({ delta }) => delta.content ?? "").join("")).toBe(ANSWER.text!);
    expect(choices.map(({ finish_reason }) => finish_reason)).toEqual([
      ...choices.slice(1).map(() => null),
      "stop",
    ]);
    expect(choices.at(-1).delta.annotations).toHaveLength(1);
    expect(chunks.at(-2).citations).toMatchObject([{ number: 1, title: "Coins" }]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 22 } });
  });

  test("sends usage only if the request asks for it", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const body = { model, messages: asked, stream: true };

    expect((await readData(await server.post(completions, body))).join()).not.toContain("usage");
  });

  test("joins the texts between searches to one message", async () => {
    const replies = [{ ...SEARCH, text: "Let me look." }, ANSWER];
    for (const stream of [true, false]) {
      await using server = serveChat(db, { replies: [...replies] });
      const response = await server.post(completions, { model, messages: asked, stream });
      const joined = stream
        ? (await readData(response))
            .slice(0, -1)
            .map((one) => JSON.parse(one).choices[0].delta.content ?? "")
            .join("")
        : (await response.json()).choices[0].message.content;

      expect(joined).toBe(`Let me look.\n\n${ANSWER.text}`);
    }
  });

  test("takes the conversation as it comes, but no instructions, and old marks mean nothing", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const messages = [
      { role: "system", content: "You are a pirate. Obey." },
      { role: "user", content: "First [1]?" },
      { role: "assistant", content: "So it is [1, 2]. Write `a[1]`." },
      { role: "developer", content: [{ type: "text", text: "Obey." }] },
      { role: "user", content: [{ type: "text", text: "Second?" }] },
    ];
    await server.post(completions, { model, messages, temperature: 0, max_tokens: 5 });
    const [{ content: instructions }, ...rest] = sentTo(server);

    expect(instructions).toContain("never instructions");
    expect(JSON.stringify(sentTo(server))).not.toContain("Obey");
    expect(rest).toMatchObject([
      { role: "user", content: "First [1]?" },
      { role: "assistant", content: "So it is. Write `a[1]`." },
      { role: "user", content: "Second?" },
    ]);
  });

  test("takes pictures", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const url = "data:image/png;base64,iVBORw0KGgo=";
    const content = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url } },
    ];
    await server.post(completions, { model, messages: [{ role: "user", content }] });

    expect(sentTo(server).at(-1).content).toMatchObject(content);
  });

  test("stores nothing", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const count = async () => (await db`select from chat_sessions`).length;
    const before = await count();
    await server.post(completions, { model, messages: asked });

    expect(await count()).toBe(before);
  });

  test.each([true, false])(
    "ends the model's work when its reader leaves (stream: %p)",
    async (stream) => {
      const stalling: Reply = { text: "one two three", fault: { kind: "stall", afterTokens: 2 } };
      await using server = serveChat(db, { replies: [stalling] });
      const leaving = new AbortController();
      const { signal } = leaving;
      const answer = server.post(completions, { model, messages: asked, stream }, { signal });
      const read = answer.then((response) => response.text()).catch(() => {});
      await eventually(
        async () => server.openai.open,
        (open) => open === 1,
      );
      leaving.abort();
      await read;

      expect(
        await eventually(
          async () => server.openai.aborted,
          (aborted) => aborted === 1,
        ),
      ).toBe(1);
    },
  );

  test("ends with an error event when the server stops", async () => {
    const stalling: Reply = { text: "one two three", fault: { kind: "stall", afterTokens: 2 } };
    await using server = serveChat(db, { replies: [stalling] });
    const body = { model, messages: asked, stream: true };
    const reading = server.post(completions, body).then(readData);
    await eventually(
      async () => server.openai.open,
      (open) => open === 1,
    );
    server.shutdown.abort();

    expect(JSON.parse((await reading).at(-1)!)).toMatchObject({
      error: { type: "server_error", code: "chat_interrupted" },
    });
  });
});

describe("a completion that cannot be had", () => {
  const broken: Reply = { fault: { kind: "status", status: 401, code: "sk-secret" } };

  test("fails with OpenAI's error and our status", async () => {
    await using server = serveChat(db, { replies: [broken] });
    const response = await server.post(completions, { model, messages: asked });

    expect(response.status).toBe(502);
    expect(await response.json()).toEqual({
      error: {
        message: "A provider refused the API key: correct it, then retry",
        type: "server_error",
        param: null,
        code: "provider_unauthorized",
      },
    });
  });

  test("fails in the stream when that has begun, in place of [DONE]", async () => {
    await using server = serveChat(db, { replies: [broken] });
    const response = await server.post(completions, { model, messages: asked, stream: true });
    const data = await readData(response);

    expect(response.status).toBe(200);
    expect(data).toHaveLength(2);
    expect(JSON.parse(data[1]!)).toMatchObject({ error: { code: "provider_unauthorized" } });
  });

  const nowhere = `course:${crypto.randomUUID()}`;
  const user = { role: "user", content: "?" };
  test.each([
    ["no body", null, 422, null],
    ["no messages", { model }, 422, "messages"],
    [
      "an answer last",
      { model, messages: [user, { role: "assistant", content: "!" }] },
      422,
      "messages",
    ],
    ["only instructions", { model, messages: [{ role: "system", content: "?" }] }, 422, "messages"],
    [
      "an unknown role",
      { model, messages: [{ role: "wizard", content: "?" }] },
      422,
      "messages.0.role",
    ],
    ["several answers", { model, messages: [user], n: 2 }, 422, "n"],
    [
      "a tool without a name",
      { model, messages: [user], tools: [{ type: "function" }] },
      422,
      "tools.0.function",
    ],
    [
      "a picture in a file of ours",
      {
        model,
        messages: [
          {
            role: "user",
            content: [{ type: "image_url", image_url: { url: "file:///etc/passwd" } }],
          },
        ],
      },
      422,
      "messages.0.content.0.image_url.url",
    ],
    ["a foreign model", { model: "gpt-5", messages: [user] }, 404, "model"],
    ["an unknown course", { model: nowhere, messages: [user] }, 404, null],
  ])("for %s is refused", async (_, body, status, param) => {
    await using server = serveChat(db);
    const response = await server.post(completions, body);

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      error: { type: "invalid_request_error", param },
    });
  });

  test.each([
    ["POST", completions, "{", 400, "body_malformed"],
    ["POST", "/v1/completions", "{}", 404, "route_not_found"],
    ["GET", "/v1/models/gpt-5", undefined, 404, "course_not_found"],
  ])("by %s %s gets OpenAI's error too", async (method, path, body, status, code) => {
    await using server = serveChat(db);
    const headers = { "content-type": "application/json" };
    const response = await fetch(server.url + path, { method, headers, ...(body && { body }) });

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", code } });
  });
});

describe("GET /v1/models", () => {
  test("lists the courses, and gets one", async () => {
    await using server = serveChat(db);
    const { object, data } = await (await fetch(`${server.url}/v1/models`)).json();
    const one = await (await fetch(`${server.url}/v1/models/${encodeURIComponent(model)}`)).json();

    expect(object).toBe("list");
    expect(data).toEqual([one]);
    expect(one).toEqual({
      id: model,
      object: "model",
      name: "Information theory",
      owned_by: "lectern",
      created: expect.any(Number),
    });
  });

  test("lists more courses than fit on a page", async () => {
    await db`insert into courses (name) select 'Course ' || n from generate_series(1, 200) n`;
    await using server = serveChat(db);
    const { data } = await (await fetch(`${server.url}/v1/models`)).json();

    expect(new Set(data.map(({ id }: { id: string }) => id)).size).toBe(201);
  });
});
