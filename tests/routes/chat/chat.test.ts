import { describe, expect, test } from "bun:test";
import { AgentCapabilitiesSchema } from "@ag-ui/core/schemas";
import { readEvents, runInput, user } from "../../support/ag-ui";
import { ANSWER, createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { Reply } from "../../support/openai";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

describe("POST /api/chat", () => {
  test("returns the whole answer, and continues the same session", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER, { text: "Yes, one bit." }] });
    const first = await server.post("/api/chat", { course_id, message: "Coins?" });
    const { session_id, ...reply } = await first.json();
    const second = await server.post("/api/chat", { course_id, session_id, message: "Coins?" });

    expect(first.status).toBe(200);
    const exported = await fetch(`${server.url}/api/chat/sessions/${session_id}/export`);
    expect(exported.headers.get("content-disposition")).toContain("attachment");
    expect(await exported.text()).toContain(`${ANSWER.text}\n\n- [1] [Coins, page 7](http`);
    expect(reply).toMatchObject({
      content: ANSWER.text,
      citations: [{ number: 1, title: "Coins", page_number: 7 }],
      run_metadata: { course_id, model: "openai:gpt-test", hits: 1, usage: { inputTokens: 22 } },
    });
    expect(await second.json()).toMatchObject({ session_id, content: "Yes, one bit." });
    const { messages } = server.openai.requests.at(-1)!.body;
    expect(messages.map(({ role }: { role: string }) => role)).toEqual([
      ...["system", "user", "assistant", "tool", "assistant", "user"],
    ]);
  });

  test("takes a conversation that ends with a question", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const messages = [
      { role: "user", content: "Dice?" },
      { role: "assistant", content: "Six sides." },
      { role: "user", content: "Coins?" },
    ];
    const response = await server.post(`/api/chat?course_id=${course_id}`, { messages });

    expect(await response.json()).toMatchObject({ content: ANSWER.text });
    expect(server.openai.requests.at(-1)!.body.messages.slice(1)).toMatchObject(messages);
  });

  test("hands the model the user's words as they are", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const message = "  def f():\n    return 1\n";
    await server.post("/api/chat", { course_id, message });

    expect(server.openai.requests.at(-1)!.body.messages.at(-1).content).toBe(message);
  });

  test("reports a model that only calls tools", async () => {
    await using server = serveChat(db, { replies: Array.from({ length: 6 }, () => SEARCH) });
    const response = await server.post("/api/chat", { course_id, message: "Coins?" });

    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: "chat_failed" });
    expect(server.openai.requests).toHaveLength(6);
  });

  test("is asked once, however often a request is repeated with its key", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const headers = { "idempotency-key": crypto.randomUUID() };
    const ask = () => server.post("/api/chat", { course_id, message: "Coins?" }, { headers });
    const first = await (await ask()).json();

    expect(await (await ask()).json()).toEqual(first);
  });

  test("reports the error without internal details", async () => {
    await using server = serveChat(db, { replies: [{ fault: { kind: "status", status: 401 } }] });
    const response = await server.post("/api/chat", { course_id, message: "Coins?" });

    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: "provider_unauthorized" });
  });

  test.each([
    [{ course_id }, 422],
    [{ course_id, message: " " }, 422],
    [{ course_id, messages: [{ role: "assistant", content: "Hi" }] }, 422],
    [{ course_id: "x", message: "Coins?" }, 422],
    [{ course_id: crypto.randomUUID(), message: "Coins?" }, 404],
  ])("refuses %j", async (body, status) => {
    await using server = serveChat(db);

    expect((await server.post("/api/chat", body)).status).toBe(status);
  });
});

describe("sessions", () => {
  test("are listed with their last message, read in order, and deleted for good", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const { course_id } = await createStudiedCourse(db);
    const input = runInput(course_id, [user("How much entropy has a coin?", "m1")]);
    await readEvents(await server.post("/api/chat/stream", input));
    const address = `${server.url}/api/chat/sessions/${input.threadId}`;

    const list = await (
      await fetch(`${server.url}/api/chat/sessions?course_id=${course_id}`)
    ).json();
    const session = await (await fetch(address)).json();

    expect(list).toMatchObject({
      items: [
        {
          id: input.threadId,
          session_label: "How much entropy has a coin?",
          message_count: 3,
          last_message: { role: "assistant", excerpt: ANSWER.text },
        },
      ],
      next_cursor: null,
    });
    expect(session.messages).toMatchObject([
      { role: "user", content: "How much entropy has a coin?", citations: [] },
      { role: "assistant", content: "", metadata: { tool_calls: [{ name: "search_slides" }] } },
      { role: "assistant", content: ANSWER.text, citations: [{ number: 1 }] },
    ]);

    const rename = (session_label: unknown) =>
      fetch(address, {
        method: "PATCH",
        body: JSON.stringify({ session_label }),
        headers: { "content-type": "application/json" },
      });
    expect(await (await rename(" Before the exam ")).json()).toMatchObject({
      session_label: "Before the exam",
    });
    expect(await (await fetch(address)).json()).toMatchObject({ session_label: "Before the exam" });
    for (const bad of ["", " ", null, "x".repeat(201)])
      expect((await rename(bad)).status).toBe(422);

    const deleted = await fetch(address, { method: "DELETE" });
    expect(deleted.status).toBe(204);
    expect((await fetch(address)).status).toBe(404);
    expect((await fetch(address, { method: "DELETE" })).status).toBe(404);
    expect((await rename("Gone")).status).toBe(404);
  });

  test("that are deleted while they are answered stay deleted", async () => {
    const stalling: Reply = { text: "one two three", fault: { kind: "stall", afterTokens: 2 } };
    await using server = serveChat(db, { replies: [stalling] });
    const input = runInput(course_id, [user("How?")]);
    const events = server.post("/api/chat/stream", input).then((response) => readEvents(response));
    while (server.openai.open === 0) await Bun.sleep(2);
    const address = `${server.url}/api/chat/sessions/${input.threadId}`;
    await fetch(address, { method: "DELETE" });

    expect((await events).at(-1)).toMatchObject({
      type: "RUN_FINISHED",
      outcome: { type: "cancelled" },
    });
    expect((await fetch(address)).status).toBe(404);
  });
});

test("capabilities are what AG-UI knows as such", async () => {
  await using server = serveChat(db);
  const response = await fetch(`${server.url}/api/chat/capabilities`);
  const capabilities = AgentCapabilitiesSchema.parse(await response.json());

  expect(capabilities.tools!.items!.map(({ name }) => name)).toEqual([
    ...[
      "search_lectures",
      "search_slides",
      "read_transcript",
      "read_page",
      "find_moments",
      "find_slide",
      "list_assets",
    ],
  ]);
});
