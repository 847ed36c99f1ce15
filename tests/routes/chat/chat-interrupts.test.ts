import { describe, expect, test } from "bun:test";
import {
  type AnyEvent,
  CLIENTS,
  type Client,
  readEvents,
  runInput,
  user,
  verify,
} from "../../support/ag-ui";
import { createStudiedCourse, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { Reply } from "../../support/openai";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);
const props = { forwardedProps: { course_id } };

const asks = (id: string): Reply => ({
  toolCalls: [{ id, name: "ask_user", input: { question: "Which?", options: ["Coin", "Die"] } }],
});
const ANSWER = { text: "One bit." };
const [, Modern] = CLIENTS[0];
const [, Old] = CLIENTS[1];

type Server = ReturnType<typeof serveChat>;
const openAgent = (Agent: typeof Modern, { url }: Server, threadId: string): Client =>
  new Agent({ url: `${url}/api/chat/stream`, threadId });
const reply = (interruptId: string, answer: unknown = "Coin") => ({
  interruptId,
  status: "resolved",
  payload: { answer },
});
const toolNames = (server: Server) =>
  server.openai
    .requestsTo("/v1/chat/completions")
    .at(-1)!
    .body.tools.map((tool: { function: { name: string } }) => tool.function.name);

/** A client of 1.0 without the checks of its own, on one thread. */
function talk(server: Server, threadId: string = crypto.randomUUID()) {
  const run = async (more: object) => {
    const input = runInput(course_id, [user("How much?", "question")], { threadId, ...more });
    const events = await readEvents(await server.post("/api/chat/stream", input));
    await verify(events);
    return events;
  };
  const read = async () => {
    const session = await fetch(`${server.url}/api/chat/sessions/${threadId}`);
    return (await session.json()).messages;
  };
  return { threadId, run, read };
}
const lastOf = (events: AnyEvent[]) => events.at(-1);

describe("a question to the user", () => {
  test("ends the run, survives a restart, and is answered by a resume", async () => {
    const threadId = crypto.randomUUID();
    await using before = serveChat(db, { replies: [asks("ask")] });
    const agent = openAgent(Modern, before, threadId);
    agent.addMessage(user("How much?"));
    await agent.runAgent(props);

    await using after = serveChat(db, { replies: [ANSWER] });
    const reloaded = openAgent(Modern, after, threadId);
    await reloaded.runAgent(props);
    const pending = structuredClone(reloaded.pendingInterrupts);
    await reloaded.runAgent({ ...props, resume: [reply("ask")] as never });
    const [request] = after.openai.requestsTo("/v1/chat/completions");
    const third = openAgent(Modern, after, threadId);
    await third.runAgent(props);

    expect(agent.pendingInterrupts).toMatchObject([
      {
        id: "ask",
        toolCallId: "ask",
        reason: "input_required",
        message: "Which?",
        responseSchema: { properties: { answer: { enum: ["Coin", "Die"] } } },
      },
    ]);
    expect(pending).toEqual(agent.pendingInterrupts);
    expect(request!.body.messages.at(-1)).toMatchObject({
      role: "tool",
      content: '{"answer":"Coin"}',
    });
    expect(reloaded.messages.at(-1)).toMatchObject({ content: ANSWER.text });
    expect(reloaded.pendingInterrupts).toEqual([]);
    expect(third.messages).toEqual(reloaded.messages);
  });

  test("that is declined lets the answer go on without", async () => {
    await using server = serveChat(db, { replies: [asks("declined"), ANSWER] });
    const { run } = talk(server);
    await run({});
    const events = await run({ resume: [{ interruptId: "declined", status: "cancelled" }] });
    const [, second] = server.openai.requestsTo("/v1/chat/completions");

    expect(lastOf(events)).not.toHaveProperty("outcome");
    expect(second!.body.messages.at(-1).content).toContain("did not answer");
  });

  test("refuses a resume that does not fit, and changes nothing", async () => {
    const replies = [{ toolCalls: [...asks("one").toolCalls!, ...asks("two").toolCalls!] }];
    await using server = serveChat(db, { replies });
    const { run, read } = talk(server);
    await run({});
    const before = await read();
    const both = [reply("one"), reply("two")];
    const wrong: object[] = [
      { resume: [reply("one")] },
      { resume: [...both, reply("three")] },
      { resume: [...both, reply("two", "Die")] },
      { resume: [] },
      ...["Neither", 5, null].map((answer) => ({ resume: [reply("one"), reply("two", answer)] })),
      { resume: [reply("one"), { ...reply("two"), payload: "Coin" }] },
      { resume: [reply("one"), { interruptId: "two", status: "resolved" }] },
      { messages: [user("How much?", "question"), user("Something else")] },
    ];

    for (const input of wrong) {
      expect(lastOf(await run(input))).toMatchObject({ type: "RUN_ERROR", code: "resume_invalid" });
      expect(await read()).toEqual(before);
    }
    const elsewhere = await talk(server).run({ resume: [reply("one")] });
    expect(lastOf(elsewhere)).toMatchObject({ code: "resume_invalid" });
    expect(server.openai.requestsTo("/v1/chat/completions")).toHaveLength(1);
  });

  test("takes the same reply twice for one", async () => {
    await using server = serveChat(db, { replies: [asks("again"), ANSWER] });
    const { run, read } = talk(server);
    await run({});
    await run({ runId: "resumed", resume: [reply("again")] });
    const before = await read();
    const replayed = await run({ runId: "resumed", resume: [reply("again")] });
    const changed = await run({ resume: [reply("again", "Die")] });

    expect(lastOf(replayed)).toMatchObject({ type: "RUN_FINISHED" });
    expect(lastOf(changed)).toMatchObject({ code: "resume_invalid" });
    expect(await read()).toEqual(before);
    expect(server.openai.requestsTo("/v1/chat/completions")).toHaveLength(2);
  });

  test("is declined by the next question of a client without interrupts", async () => {
    await using server = serveChat(db, { replies: [asks("left"), ANSWER] });
    const { run, threadId, read } = talk(server);
    await run({});
    const body = { course_id, session_id: threadId, message: "Never mind. How much?" };
    const answer = await (await server.post("/api/chat", body)).json();
    const messages = await read();

    expect(answer.content).toBe(ANSWER.text);
    expect(messages[1].metadata.tool_calls[0].result.content).toContain("did not answer");
  });
});

test("clients older than 1.0 get no question", async () => {
  const threadId = crypto.randomUUID();
  await using server = serveChat(db, { replies: [ANSWER, asks("new"), ANSWER] });
  const old = openAgent(Old, server, threadId);
  old.addMessage(user("How much?"));
  await old.runAgent(props);
  expect(toolNames(server)).not.toContain("ask_user");

  const modern = openAgent(Modern, server, threadId);
  modern.addMessage(user("Really?"));
  await modern.runAgent(props);
  expect(toolNames(server)).toContain("ask_user");
  expect(modern.pendingInterrupts).toHaveLength(1);

  const events: AnyEvent[] = [];
  const onEvent = ({ event }: { event: AnyEvent }) => void events.push(event);
  await old.runAgent(props, { onEvent } as never);
  expect(lastOf(events)).toMatchObject({ type: "RUN_FINISHED" });
  expect(JSON.stringify(events)).not.toContain("input_required");
});

test("a client's own tool for questions takes the place of ours", async () => {
  await using server = serveChat(db, { replies: [asks("theirs")] });
  const { run } = talk(server);
  const tool = { name: "ask_user", description: "Opens a form", parameters: { type: "object" } };
  const events = await run({ tools: [tool] });

  expect(toolNames(server).filter((name: string) => name === "ask_user")).toHaveLength(1);
  expect(lastOf(events)).not.toHaveProperty("outcome");
});

test("a client older than 1.0 that asks for interrupts gets them, and resumes", async () => {
  await using server = serveChat(db, { replies: [asks("opted"), ANSWER] });
  const agent = openAgent(Old, server, crypto.randomUUID());
  const opted = { forwardedProps: { course_id, interrupts: true } };
  const outcomes: unknown[] = [];
  const onRunFinishedEvent = ({ event }: { event: object }) =>
    void outcomes.push((event as AnyEvent).outcome?.type);
  agent.addMessage(user("How much?"));
  await agent.runAgent(opted, { onRunFinishedEvent } as never);
  await agent.runAgent({ ...opted, resume: [reply("opted")] } as never);

  expect(outcomes).toEqual(["interrupt"]);
  expect(agent.messages.at(-1)).toMatchObject({ content: ANSWER.text });
});
