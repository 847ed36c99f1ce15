import { describe, expect, test } from "bun:test";
import type { Message } from "@ag-ui/core";
import {
  type AnyEvent,
  CLIENTS,
  type Client,
  follow,
  readEvents,
  runInput,
  typesOf,
  user,
} from "../../support/ag-ui";
import { createStudiedCourse, serveChat } from "../../support/chat";
import { engine, withDatabase } from "../../support/database";
import type { RecordedRequest, Reply } from "../../support/openai";
import { eventually } from "../../support/waiting";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

type Server = ReturnType<typeof serveChat>;

const SEARCH: Reply = {
  reasoning: "Slides may help.",
  toolCalls: [{ name: "search_slides", input: { query: "coin entropy" } }],
};
const ANSWER = { text: "A fair coin has one bit of entropy [1]. That is all." };
/** Answers each question the same way, however often it is asked. */
const searchThenAnswer = ({ body }: RecordedRequest) =>
  body.input.at(-1).type === "function_call_output" ? ANSWER : SEARCH;

const threadOf = async (server: Server, id: string) =>
  (await fetch(`${server.url}/api/chat/sessions/${id}`)).json();

const openAgent = (Agent: (typeof CLIENTS)[number][1], server: Server, threadId?: string): Client =>
  new Agent({
    url: `${server.url}/api/chat/stream`,
    threadId: threadId ?? crypto.randomUUID(),
  });
const contentsOf = (messages: { content: string }[]) => messages.map(({ content }) => content);
const props = { forwardedProps: { course_id } };

describe.each(CLIENTS)("a client of %s", (version, Agent) => {
  test("has after a reload exactly what it saw", async () => {
    await using server = serveChat(db, { replies: searchThenAnswer, api: "responses" });
    const agent = openAgent(Agent, server);
    agent.addMessage(user("How much entropy has a coin?"));
    await agent.runAgent(props);
    agent.addMessage(user("And again?"));
    await agent.runAgent(props);

    const reloaded = openAgent(Agent, server, agent.threadId);
    await reloaded.runAgent(props);

    expect(reloaded.messages).toEqual(agent.messages);
    expect(agent.messages.map(({ role }) => role)).toEqual([
      ...["user", "reasoning", "assistant", "tool", "assistant"],
      ...["user", "reasoning", "assistant", "tool", "assistant"],
    ] as never);
    expect(agent.messages[4]).toMatchObject({ metadata: { citations: [{ number: 1 }] } });
  });

  test("runs its own tools beside ours, and goes on with their results", async () => {
    const replies: Reply[] = [
      {
        toolCalls: [
          { name: "search_slides", input: { query: "coin" } },
          { name: "show_chart", input: { of: "coin" } },
          { name: "show_chart", input: { of: "die" }, id: "second" },
        ],
      },
      ANSWER,
    ];
    await using server = serveChat(db, { replies });
    const agent = openAgent(Agent, server);
    agent.addMessage(user("Draw it"));
    const tools = [
      { name: "show_chart", description: "Draws", parameters: { type: "object", properties: {} } },
      { name: "search_slides", description: "An impostor", parameters: { type: "object" } },
    ];
    await agent.runAgent({ ...props, tools });
    const waiting = agent.messages.length;
    for (const toolCallId of ["call_1_show_chart", "second"]) {
      agent.addMessage({ id: crypto.randomUUID(), role: "tool", toolCallId, content: "drawn" });
    }
    await agent.runAgent({ ...props, tools });
    const [first, second] = server.openai.requestsTo("/v1/chat/completions");

    expect(waiting).toBe(3); // question, calls, and the result of ours
    // Seven of ours, one of theirs, and ours to ask the user.
    expect(first!.body.tools).toHaveLength(version === "1.0" ? 9 : 8);
    expect(JSON.stringify(first!.body.tools)).not.toContain("An impostor");
    expect(second!.body.messages.slice(-3).map(({ role }: Message) => role)).toEqual([
      ...["tool", "tool", "tool"],
    ] as never);
    expect(agent.messages.at(-1)).toMatchObject({ content: ANSWER.text });
    const reloaded = openAgent(Agent, server, agent.threadId);
    await reloaded.runAgent(props);
    expect(reloaded.messages).toEqual(agent.messages);
  });

  test("ends with the same messages wherever its socket is cut", async () => {
    await using server = serveChat(db, { replies: searchThenAnswer, api: "responses", paceMs: 1 });
    const whole = await conversation(Agent, server, Number.POSITIVE_INFINITY);
    expect(whole.events).toBeGreaterThan(20);

    for (let cutAfter = 1; cutAfter < whole.events; cutAfter += 1) {
      const cut = await conversation(Agent, server, cutAfter);

      expect(cut.messages).toEqual(whole.messages);
    }
  }, 120_000);
});

/** Asks, loses the connection after some events, and comes back. Ids are numbered, to be compared. */
async function conversation(Agent: (typeof CLIENTS)[number][1], server: Server, cutAfter: number) {
  const agent = openAgent(Agent, server);
  agent.addMessage(user("How much entropy has a coin?", "question"));
  let events = 0;
  await agent
    .runAgent(props, {
      onEvent: () => {
        events += 1;
        if (events === cutAfter) agent.abortRun();
      },
    })
    .catch(() => {});
  await agent.runAgent(props);
  const names = new Map<string, string>();
  const text = JSON.stringify(agent.messages).replace(
    /[0-9a-f]{8}-[0-9a-f-]{27}/g,
    (id) => names.get(id) ?? names.set(id, `id ${names.size}`).get(id)!,
  );
  return { events, messages: JSON.parse(text) };
}

describe("a thread", () => {
  test("stores nothing twice, also when history comes with new ids", async () => {
    await using server = serveChat(db, { replies: [ANSWER, ANSWER, ANSWER] });
    const threadId = crypto.randomUUID();
    const said: Message[] = [];
    for (const words of ["One?", "Two?", "One?"]) {
      said.push(user(words));
      const renamed = said.map((message) => ({ ...message, id: crypto.randomUUID() }));
      await readEvents(
        await server.post(
          "/api/chat/stream",
          runInput(course_id, renamed as Message[], { threadId }),
        ),
      );
    }

    const { messages } = await threadOf(server, threadId);

    expect(contentsOf(messages)).toEqual([
      ...["One?", ANSWER.text, "Two?", ANSWER.text, "One?", ANSWER.text],
    ]);
  });

  test("is sent in the right order to a tab that lacks messages", async () => {
    const [, Agent] = CLIENTS[0];
    await using server = serveChat(db, { replies: [ANSWER, ANSWER, ANSWER] });
    const first = openAgent(Agent, server);
    first.addMessage(user("One?"));
    await first.runAgent(props);
    const second = openAgent(Agent, server, first.threadId);
    second.setMessages(structuredClone(first.messages));
    first.addMessage(user("Two?"));
    await first.runAgent(props);

    second.addMessage(user("Three?"));
    await second.runAgent(props);

    expect(second.messages.slice(0, 4)).toEqual(first.messages);
    expect(second.messages).toHaveLength(6);
  });

  test("keeps the client's name when that is no UUID, one for each course", async () => {
    await using server = serveChat(db, { replies: [ANSWER, ANSWER] });
    const input = runInput(course_id, [user("One?", "1")], { threadId: "my thread" });
    const [started] = await readEvents(await server.post("/api/chat/stream", input));
    const again = await readEvents(await server.post("/api/chat/stream", input));
    const { session_id } = started!.metadata;

    expect(started!.threadId).toBe("my thread");
    expect(again[0]!.metadata.session_id).toBe(session_id);
    expect(typesOf(again)).toContain("MESSAGES_SNAPSHOT");
    expect(await threadOf(server, session_id)).toMatchObject({ thread_id: "my thread" });
  });

  test("lets a second listener join a running answer", async () => {
    const joined = Promise.withResolvers<void>();
    const pause = { kind: "pause", afterTokens: 3, until: joined.promise } as const;
    await using server = serveChat(db, { replies: [{ ...ANSWER, fault: pause }] });
    const input = runInput(course_id, [user("One?")]);
    const speaks = (events: AnyEvent[]) => typesOf(events).includes("TEXT_MESSAGE_CONTENT");
    const first = await server.post("/api/chat/stream", input);
    const response = await server.post("/api/chat/stream", { ...input, runId: "second" });
    const second = follow(response, speaks);
    await second.seen;
    await readEvents(first, speaks); // and leaves

    joined.resolve();
    const events = await second.events;
    const said = events.flatMap(({ type, delta }) =>
      type === "TEXT_MESSAGE_CONTENT" ? delta : [],
    );

    expect(said.join("")).toBe(ANSWER.text);
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", runId: "second" });
    expect(server.openai.requestsTo("/v1/chat/completions")).toHaveLength(1);
  });

  // The embedded engine does one statement after the other.
  test.if(engine === "native")("knows what was being stored when a question came", async () => {
    const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
    await using server = serveChat(db, { replies: [stalling, ANSWER] });
    const input = runInput(course_id, [user("One?")]);
    const reader = new AbortController();
    const { signal } = reader;
    const first = await server.post("/api/chat/stream", input, { signal });
    const followed = follow(first, (events) => JSON.stringify(events).includes("coin"));
    await followed.seen;

    const both = { ...input, messages: [...input.messages, user("Two?")] };
    const waiting = (count: number) =>
      eventually(
        () => db`
          select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
        (statements) => statements.length === count,
      );
    let second: Promise<unknown> | undefined;
    await db.begin(async (own) => {
      await own`select from chat_sessions where id = ${input.threadId} for update`;
      reader.abort();
      await waiting(1); // the partial answer is being stored
      second = server.post("/api/chat/stream", both).then((response) => readEvents(response));
      await waiting(2);
    });
    await second;

    const { messages } = server.openai.requests.at(-1)!.body;
    expect(contentsOf(messages).slice(1)).toEqual(["One?", "A fair coin ", "Two?"]);
  });

  test("answers a new question after the one before it", async () => {
    await using server = serveChat(db, { replies: [ANSWER, { text: "Second." }], paceMs: 10 });
    const input = runInput(course_id, [user("One?")]);
    const first = server.post("/api/chat/stream", input).then((response) => readEvents(response));
    while (server.openai.open === 0) await Bun.sleep(2);
    const both = [...input.messages, user("Two?")];
    await readEvents(await server.post("/api/chat/stream", { ...input, messages: both }));
    await first;

    const { messages } = await threadOf(server, input.threadId);

    expect(contentsOf(messages)).toEqual([...["One?", ANSWER.text, "Two?", "Second."]]);
  });
});
