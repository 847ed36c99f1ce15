import { describe, expect, test } from "bun:test";
import {
  type AnyEvent,
  follow,
  readEvents,
  runInput,
  typesOf,
  user,
  verify,
} from "../../support/ag-ui";
import { createStudiedCourse, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { Fault, Reply } from "../../support/openai";
import { eventually } from "../../support/waiting";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

type Server = ReturnType<typeof serveChat>;

const ANSWER: Reply = { text: "one two three four five" };
const question = () => runInput(course_id, [user("How much entropy has a coin?")]);
const completions = "/v1/chat/completions";

const lastMessage = async (server: Server, id: string) =>
  (await (await fetch(`${server.url}/api/chat/sessions/${id}`)).json()).messages.at(-1);

async function ask(server: Server, input: object) {
  const events = await readEvents(await server.post("/api/chat/stream", input));
  await verify(events);
  return events;
}

describe("a model that breaks off in its answer", () => {
  const BROKEN: Fault["kind"][] = ["cut", "truncate", "error_event"];
  const APIS = ["chat", "responses"] as const;

  test.each(APIS.flatMap((api) => BROKEN.map((kind) => [kind, api] as const)))(
    "by %s over %s ends in an error, and the partial answer is kept",
    async (kind, api) => {
      const fault = { kind, afterTokens: 3 } as Fault;
      await using server = serveChat(db, { replies: [{ ...ANSWER, fault }], api });
      const input = question();

      const events = await ask(server, input);

      expect(typesOf(events).slice(-2)).toEqual(["TEXT_MESSAGE_END", "RUN_ERROR"]);
      expect(events.at(-1)!.code).toMatch(/^(chat_failed|provider_\w+)$/);
      expect(JSON.stringify(events.at(-1))).not.toContain("test");
      expect(await lastMessage(server, input.threadId)).toMatchObject({
        content: "one two three ",
        metadata: { status: "error" },
      });
    },
  );

  test("generates the answer again when a request has no new message", async () => {
    const broken: Reply = { ...ANSWER, fault: { kind: "truncate", afterTokens: 3 } };
    await using server = serveChat(db, { replies: [broken, ANSWER] });
    const input = question();
    await ask(server, input);

    const events = await ask(server, input);
    const session = await fetch(`${server.url}/api/chat/sessions/${input.threadId}`);
    const { messages } = await session.json();

    expect(typesOf(events)).toContain("MESSAGES_SNAPSHOT");
    expect(messages).toHaveLength(2);
    expect(messages[1]).toMatchObject({ content: ANSWER.text, metadata: { status: "complete" } });
  });

  test("breaks off in a tool call, and the call is closed", async () => {
    const broken: Reply = {
      toolCalls: [{ name: "search_slides", input: { query: "a b c d" } }],
      fault: { kind: "cut", afterTokens: 2 },
    };
    await using server = serveChat(db, { replies: [broken] });

    const events = await ask(server, question());

    expect(typesOf(events).slice(-2)).toEqual(["TOOL_CALL_END", "RUN_ERROR"]);
  });
});

describe("a model that gives no answer", () => {
  test("gets a second attempt if the error is retryable", async () => {
    const busy: Reply = { fault: { kind: "status", status: 429, retryAfterSeconds: 1 } };
    await using server = serveChat(db, { replies: [busy, ANSWER] });

    const events = await ask(server, question());

    expect(server.openai.requestsTo(completions)).toHaveLength(2);
    expect(events.at(-1)!.type).toBe("RUN_FINISHED");
  });

  const HOPELESS: [what: string, replies: Reply[], code: string, requests: number][] = [
    ["a wrong key", [{ fault: { kind: "status", status: 401 } }], "provider_unauthorized", 1],
    ["an empty account", [quotaUsedUp()], "provider_quota_exceeded", 1],
    ["a long wait", [busyFor(60)], "provider_rate_limited", 1],
    ["two failures", [failing(), failing()], "provider_unavailable", 2],
    ["an empty body", [empty(), empty()], "chat_failed", 1],
    ["garbage", [garbage(), garbage()], "provider_answer_invalid", 2],
    ["no words", [{ text: " " }], "chat_failed", 1],
    ["reasoning only", [{ text: "<think>coins</think>" }], "chat_failed", 1],
    ["a filter", [{ isFiltered: true }], "answer_withheld", 1],
    ["a filter in the answer", [{ text: "one two", isFiltered: true }], "answer_withheld", 1],
  ];

  test.each(HOPELESS)("for %s ends in an error", async (_, replies, code, requests) => {
    await using server = serveChat(db, { replies });
    const input = question();

    const events = await ask(server, input);

    expect(events.at(-1)).toMatchObject({ type: "RUN_ERROR", code });
    expect(server.openai.requestsTo(completions)).toHaveLength(requests);
    expect(await lastMessage(server, input.threadId)).toMatchObject({
      role: "assistant",
      metadata: { status: "error", error_code: code },
    });
  });
});

test("a refusal in the model's own words is an answer", async () => {
  const refusal = "I cannot help with that.";
  await using server = serveChat(db, { replies: [{ text: refusal, isRefusal: true }] });
  const input = question();

  const events = await ask(server, input);

  expect(events.at(-1)!.type).toBe("RUN_FINISHED");
  expect(await lastMessage(server, input.threadId)).toMatchObject({
    content: refusal,
    metadata: { status: "complete" },
  });
});

test("reasoning in tags is no part of the answer", async () => {
  const text = "<think>A coin < two </ sides.</think>\n\nOne bit.";
  await using server = serveChat(db, { replies: [{ text }] });
  const input = question();

  const events = await ask(server, input);

  const deltas = (type: string) =>
    events.flatMap((event) => (event.type === type ? [event.delta] : [])).join("");
  expect(deltas("REASONING_MESSAGE_CONTENT")).toBe("A coin < two </ sides.");
  expect(deltas("TEXT_MESSAGE_CONTENT")).toBe("One bit.");
  expect(await lastMessage(server, input.threadId)).toMatchObject({ content: "One bit." });
});

describe("a reader who leaves", () => {
  test("stops the model, and finds the partial answer later", async () => {
    const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
    await using server = serveChat(db, { replies: [stalling] });
    const input = question();
    const gone = new AbortController();
    const response = await server.post("/api/chat/stream", input, { signal: gone.signal });
    await readEvents(response, (events) => JSON.stringify(events).includes("three"));

    gone.abort();
    while (server.openai.aborted === 0) await Bun.sleep(2);

    const partial = await eventually(
      () => lastMessage(server, input.threadId),
      ({ role }) => role === "assistant",
    );
    expect(partial).toMatchObject({
      content: "one two three ",
      metadata: { status: "aborted" },
    });
  });

  test("also stops it while it is silent, and when the whole answer was wanted", async () => {
    const silent: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 0 } };
    await using server = serveChat(db, { replies: [silent] });
    const gone = new AbortController();
    const asked = server.post("/api/chat", question(), { signal: gone.signal });
    while (server.openai.open === 0) await Bun.sleep(2);

    gone.abort();
    await asked.catch(() => {});
    while (server.openai.aborted === 0) await Bun.sleep(2);

    expect(server.openai.open).toBe(0);
  });
});

describe("a reader who can return", () => {
  /** Asks with a grace period, and leaves after three words. */
  async function askAndLeave(server: Server, linger_ms: number) {
    const forwardedProps = { course_id, linger_ms };
    const input = { ...question(), forwardedProps };
    const gone = new AbortController();
    const response = await server.post("/api/chat/stream", input, { signal: gone.signal });
    await readEvents(response, (events) => JSON.stringify(events).includes("three"));
    gone.abort();
    const rejoin = {
      ...input,
      runId: "rejoined",
      messages: [],
      forwardedProps: { ...forwardedProps, rejoin: true },
    };
    return { input, rejoin };
  }
  const textOf = (events: AnyEvent[]) =>
    events.flatMap(({ type, delta }) => (type === "TEXT_MESSAGE_CONTENT" ? delta : [])).join("");

  test("gets the answer from its beginning, which the model writes once", async () => {
    const back = Promise.withResolvers<void>();
    const pause = { kind: "pause", afterTokens: 3, until: back.promise } as const;
    await using server = serveChat(db, { replies: [{ ...ANSWER, fault: pause }] });
    const { input, rejoin } = await askAndLeave(server, 20_000);

    const rejoined = follow(await server.post("/api/chat/stream", rejoin), (events) =>
      textOf(events).includes("three"),
    );
    await rejoined.seen;
    const running = await fetch(`${server.url}/api/chat/sessions/${input.threadId}`);
    expect(await running.json()).toMatchObject({ is_answering: true });
    back.resolve();
    const events = await rejoined.events;
    await verify(events);

    expect(textOf(events)).toBe(ANSWER.text!);
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", runId: "rejoined" });
    expect(server.openai.requestsTo(completions)).toHaveLength(1);
    const { metadata } = await lastMessage(server, input.threadId);
    expect(metadata).toMatchObject({ status: "complete" });
    expect(metadata.undelivered).toBeUndefined();
    // A thread whose answer is complete is sent as it is.
    const late = await ask(server, { ...rejoin, runId: "late" });
    expect(late.at(-1)).toMatchObject({ type: "RUN_FINISHED" });
    expect(server.openai.requestsTo(completions)).toHaveLength(1);
  });

  test("gets an error after the grace period: the answer cannot be rejoined", async () => {
    const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
    await using server = serveChat(db, { replies: [stalling, ANSWER] });
    const { input, rejoin } = await askAndLeave(server, 1);
    while (server.openai.aborted === 0) await Bun.sleep(2);
    await eventually(
      () => lastMessage(server, input.threadId),
      ({ metadata }) => metadata.status === "aborted",
    );

    const refused = await ask(server, rejoin);
    expect(refused.at(-1)).toMatchObject({ type: "RUN_ERROR", code: "answer_not_running" });
    expect(server.openai.requestsTo(completions)).toHaveLength(1);
    const finished = await ask(server, { ...rejoin, forwardedProps: { course_id } });
    expect(textOf(finished)).toBe(ANSWER.text!);
  });

  test("finds no answer on another process", async () => {
    const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
    await using server = serveChat(db, { replies: [stalling] });
    await using other = serveChat(db);
    const { input, rejoin } = await askAndLeave(server, 20_000);

    const refused = await ask(other, rejoin);
    expect(refused.at(-1)).toMatchObject({ type: "RUN_ERROR", code: "answer_not_running" });
    const stopElsewhere = await other.post(`/api/chat/sessions/${input.threadId}/stop`, {});
    expect(await stopElsewhere.json()).toEqual({ stopped: false });
    const stopNothing = await other.post(`/api/chat/sessions/${crypto.randomUUID()}/stop`, {});
    expect(await stopNothing.json()).toMatchObject({ status: 404, code: "session_not_found" });
    expect(server.openai.aborted).toBe(0);
  });

  test("gets the complete answer on another process after its end, without a call of the model", async () => {
    const back = Promise.withResolvers<void>();
    const pause = { kind: "pause", afterTokens: 3, until: back.promise } as const;
    await using server = serveChat(db, { replies: [{ ...ANSWER, fault: pause }] });
    await using other = serveChat(db);
    const { input, rejoin } = await askAndLeave(server, 20_000);
    const session = await fetch(`${other.url}/api/chat/sessions/${input.threadId}`);
    expect(await session.json()).toMatchObject({ is_answering: false });
    back.resolve();
    await eventually(
      () => lastMessage(other, input.threadId),
      ({ metadata }) => metadata.status === "complete",
    );

    const events = await ask(other, rejoin);

    await verify(events);
    expect(JSON.stringify(events)).toContain(ANSWER.text!);
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED" });
    expect(other.openai.requestsTo(completions)).toHaveLength(0);
  });

  test("stops the model at once with a request for it", async () => {
    const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
    await using server = serveChat(db, { replies: [stalling] });
    const { input } = await askAndLeave(server, 20_000);
    expect(server.openai.aborted).toBe(0);

    const stop = await server.post(`/api/chat/sessions/${input.threadId}/stop`, {});

    expect(await stop.json()).toEqual({ stopped: true });
    while (server.openai.aborted === 0) await Bun.sleep(2);
    expect(await lastMessage(server, input.threadId)).toMatchObject({
      content: "one two three ",
      metadata: { status: "aborted" },
    });
  });

  test("has the partial answer when the process stops, which waits until it is stored", async () => {
    const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
    await using server = serveChat(db, { replies: [stalling] });
    const { input } = await askAndLeave(server, 20_000);

    server.shutdown.abort();
    expect(server.unfinished).toHaveLength(1);
    await Promise.all(server.unfinished);

    expect(await lastMessage(server, input.threadId)).toMatchObject({ content: "one two three " });
  });

  test("stops the old answer by a new question", async () => {
    const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
    await using server = serveChat(db, { replies: [stalling, { text: "Second." }] });
    const { input } = await askAndLeave(server, 20_000);

    const messages = [
      ...input.messages,
      { id: crypto.randomUUID(), role: "user", content: "Two?" },
    ];
    const events = await ask(server, { ...input, messages });

    expect(textOf(events)).toBe("Second.");
  });

  test.each([-1, 20_001, 1.5, "20000"])("cannot ask for %p milliseconds", async (linger_ms) => {
    await using server = serveChat(db);
    const forwardedProps = { course_id, linger_ms };
    const response = await server.post("/api/chat/stream", { ...question(), forwardedProps });

    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "request_invalid",
      details: { fields: [{ path: "forwardedProps.linger_ms" }] },
    });
  });
});

describe("a server that stops", () => {
  test("ends its streams with an event, and generates the answer again after a restart", async () => {
    const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
    const input = question();
    await using server = serveChat(db, { replies: [stalling] });
    const response = await server.post("/api/chat/stream", input);
    const followed = follow(response, (events) => JSON.stringify(events).includes("three"));
    await followed.seen;
    server.shutdown.abort();
    expect((await followed.events).at(-1)).toMatchObject({
      type: "RUN_ERROR",
      code: "chat_interrupted",
    });

    await using restarted = serveChat(db, { replies: [ANSWER] });
    const again = await ask(restarted, { ...input, runId: "again" });

    expect(again.at(-1)!.type).toBe("RUN_FINISHED");
    expect(await lastMessage(restarted, input.threadId)).toMatchObject({ content: ANSWER.text });
  });
});

function quotaUsedUp(): Reply {
  return { fault: { kind: "status", status: 429, code: "insufficient_quota" } };
}

function busyFor(retryAfterSeconds: number): Reply {
  return { fault: { kind: "status", status: 429, retryAfterSeconds } };
}

function failing(): Reply {
  return { fault: { kind: "status", status: 500 } };
}

function empty(): Reply {
  return { fault: { kind: "empty" } };
}

function garbage(): Reply {
  return { fault: { kind: "garbage" } };
}
