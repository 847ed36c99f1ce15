import { describe, expect, test } from "bun:test";
import { readEvents, runInput, user } from "../../support/ag-ui";
import { ANSWER, createStudiedCourse, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import { createCourse } from "../../support/factories";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

const question = () => runInput(course_id, [user("How much entropy has a coin?")]);

test.each(["state", "context", "query"])("the course can be in the %s", async (place) => {
  await using server = serveChat(db, { replies: [ANSWER] });
  const input = { ...question(), forwardedProps: {} };
  const placed = {
    state: { ...input, state: { course_id } },
    context: { ...input, context: [{ description: "course_id", value: course_id }] },
    query: input,
  }[place];
  const query = place === "query" ? `?course_id=${course_id}` : "";
  const response = await server.post(`/api/chat/stream${query}`, placed);
  await response.body?.cancel();

  expect(response.status).toBe(200);
});

describe("a request that cannot be answered", () => {
  const REFUSED: [what: string, body: () => unknown, status: number, code: string][] = [
    ["no course", () => ({ ...question(), forwardedProps: {} }), 422, "request_invalid"],
    ["no messages", () => ({ threadId: "t", runId: "r" }), 422, "request_invalid"],
    ["an empty body", () => ({}), 422, "request_invalid"],
    ["a list", () => [], 422, "request_invalid"],
    ["a blank question", () => runInput(course_id, [user(" \n")]), 422, "request_invalid"],
    [
      "a blank question in parts",
      () =>
        runInput(course_id, [
          user("Hello"),
          { ...user(""), content: [{ type: "text", text: " " }] } as never,
        ]),
      422,
      "request_invalid",
    ],
    [
      "a blank question in the plain body",
      () => ({ course_id, messages: [{ role: "user", content: "" }] }),
      422,
      "request_invalid",
    ],
    ["an unknown course", () => runInput(crypto.randomUUID(), []), 404, "course_not_found"],
  ];

  test.each(REFUSED)("%s is refused before the stream begins", async (_, body, status, code) => {
    await using server = serveChat(db);
    const response = await server.post("/api/chat/stream", body());

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  test("a thread in snake case is named", async () => {
    await using server = serveChat(db);
    const { threadId: thread_id, runId: run_id, ...input } = question();
    const response = await server.post("/api/chat/stream", { ...input, thread_id, run_id });

    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      details: {
        fields: [{ path: "thread_id", message: expect.stringContaining("threadId") }, {}],
      },
    });
  });

  test("a thread of another course is not there", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const input = question();
    await readEvents(await server.post("/api/chat/stream", input));
    const elsewhere = await createCourse(db);
    const foreign = { ...input, forwardedProps: { course_id: elsewhere } };
    const response = await server.post("/api/chat/stream", foreign);

    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "session_not_found" });
  });
});

test("a blank question of an earlier run does not reach the model without a text", async () => {
  await using server = serveChat(db, { replies: [ANSWER] });
  const events = await readEvents(
    await server.post("/api/chat/stream", runInput(course_id, [user(""), user("Hello")])),
  );

  expect(events.at(-1)?.type).toBe("RUN_FINISHED");
  const [request] = server.openai.requestsTo("/v1/chat/completions");
  const asked = request!.body.messages.filter(({ role }: { role: string }) => role === "user");
  expect(asked.map(({ content }: { content: string }) => content)).toEqual([
    "[empty message]",
    "Hello",
  ]);
});

test("tools of the client reach the model, whatever their names and parameters are", async () => {
  const called: string[] = [];
  await using server = serveChat(db, {
    replies: ({ body }) => {
      const { name } = body.tools
        .map((tool: { function: object }) => tool.function)
        .find((tool: { description: string }) => tool.description === "Wanted");
      called.push(name);
      return called.length === 1
        ? { toolCalls: [{ name, input: {}, id: "call_1" }] }
        : { text: "Done." };
    },
  });
  const description = "Other";
  const input = runInput(course_id, [user("Open page 7")], {
    tools: [
      { name: "weird name!", description: "Wanted", parameters: { type: "object" } },
      { name: "weird name?", description, parameters: null },
      { name: "öffne.Seite", description, parameters: { type: "string" } },
      { name: "a".repeat(80), description, parameters: [] },
      { name: "twice", description, parameters: {} },
      { name: "twice", description, parameters: {} },
    ],
  });
  const first = await readEvents(await server.post("/api/chat/stream", input));

  expect(first.find(({ type }) => type === "TOOL_CALL_START")).toMatchObject({
    toolCallName: "weird name!",
  });
  const result = { id: "r1", role: "tool", toolCallId: "call_1", content: "opened" };
  const second = await readEvents(
    await server.post("/api/chat/stream", { ...input, messages: [...input.messages, result] }),
  );
  expect(second.at(-1)?.type).toBe("RUN_FINISHED");
  expect(called).toEqual([called[0]!, called[0]!]);
});
