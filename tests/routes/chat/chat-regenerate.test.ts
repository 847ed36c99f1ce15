import { describe, expect, test } from "bun:test";
import type { Message } from "@ag-ui/core";
import { eraseUser, exportUser } from "../../../src/db/access/user-data";
import { openExtractiveAnswerer } from "../../../src/providers/local/extractive-answerer";
import { CLIENTS, type Client, follow, readEvents, runInput, user } from "../../support/ag-ui";
import { createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import { eventually } from "../../support/waiting";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);
const props = { forwardedProps: { course_id } };

type Server = ReturnType<typeof serveChat>;
type Agent = (typeof CLIENTS)[number][1];

/** A model that numbers its answers: "Answer 1.", "Answer 2." … */
function serveNumbered() {
  let count = 0;
  return serveChat(db, { replies: () => ({ text: `Answer ${(count += 1)}.` }) });
}

const openAgent = (Agent: Agent, { url }: Server, threadId: string = crypto.randomUUID()): Client =>
  new Agent({ url: `${url}/api/chat/stream`, threadId });

async function ask(agent: Client, ...questions: string[]): Promise<void> {
  for (const question of questions) {
    agent.addMessage(user(question));
    await agent.runAgent(props);
  }
}

/** A second tab: it loads the thread from the server. */
async function reload(Agent: Agent, server: Server, { threadId }: Client): Promise<Client> {
  const tab = openAgent(Agent, server, threadId);
  await tab.runAgent(props);
  return tab;
}

const contentsOf = (messages: readonly { content?: unknown }[]) =>
  messages.map(({ content }) => content as string);
const sessionOf = async ({ url }: Server, threadId: string) =>
  (await fetch(`${url}/api/chat/sessions/${threadId}`)).json();
const storedIn = async (server: Server, { threadId }: Client) =>
  contentsOf((await sessionOf(server, threadId)).messages);
const modelCalls = ({ openai }: Server) => openai.requestsTo("/v1/chat/completions");
/** The conversation of the last model call, without the instructions. */
const promptOf = (server: Server) => contentsOf(modelCalls(server).at(-1)!.body.messages.slice(1));
const branchesOf = ({ threadId }: Client) => db`
  select jsonb_path_query_array(messages, '$[*].content') as contents
  from chat_branches where session_id = ${threadId} order by created_at`;

describe.each(CLIENTS)("a client of %s", (_, Agent) => {
  test("gets another answer for a history that is cut back to the question", async () => {
    await using server = serveNumbered();
    const agent = openAgent(Agent, server);
    await ask(agent, "One?");
    const [, first] = agent.messages;

    agent.setMessages(agent.messages.slice(0, 1));
    await agent.runAgent(props);

    expect(contentsOf(agent.messages)).toEqual(["One?", "Answer 2."]);
    expect(agent.messages[1]!.id).not.toBe(first!.id);
    expect(promptOf(server)).toEqual(["One?"]);
    expect(await storedIn(server, agent)).toEqual(["One?", "Answer 2."]);
    expect((await reload(Agent, server, agent)).messages).toEqual(agent.messages);
    expect(await branchesOf(agent)).toMatchObject([{ contents: ["One?", "Answer 1."] }]);
  });

  test("can regenerate again and again, and an earlier answer too", async () => {
    await using server = serveNumbered();
    const agent = openAgent(Agent, server);
    await ask(agent, "One?", "Two?");
    for (const length of [3, 3, 1]) {
      agent.setMessages(agent.messages.slice(0, length));
      await agent.runAgent(props);
    }

    expect(contentsOf(agent.messages)).toEqual(["One?", "Answer 5."]);
    expect(promptOf(server)).toEqual(["One?"]);
    await ask(agent, "Then?");
    expect(promptOf(server)).toEqual(["One?", "Answer 5.", "Then?"]);
    expect(await branchesOf(agent)).toHaveLength(3);
  });

  test.each([
    ["its id", (one: Message) => one.id],
    ["a new id", () => crypto.randomUUID()],
  ])("replaces what followed a question that changed under %s", async (_, toId) => {
    for (const at of [0, 2]) {
      await using server = serveNumbered();
      const agent = openAgent(Agent, server);
      await ask(agent, "One?", "Two?", "Three?");
      const kept = agent.messages.slice(0, at);
      agent.setMessages([...kept, user("Changed?", toId(agent.messages[at]!))]);
      await agent.runAgent(props);

      const expected = [...contentsOf(kept), "Changed?", "Answer 4."];
      expect(contentsOf(agent.messages)).toEqual(expected);
      expect(promptOf(server)).toEqual(expected.slice(0, -1));
      expect(await storedIn(server, agent)).toEqual(expected);
      expect((await reload(Agent, server, agent)).messages).toEqual(agent.messages);
    }
  });

  test("replaces a question that it stopped and changed", async () => {
    const fault = { kind: "stall", afterTokens: 2 } as const;
    await using server = serveChat(db, {
      replies: [{ text: "First." }, { text: "Half an answer.", fault }, { text: "Second." }],
    });
    const agent = openAgent(Agent, server);
    await ask(agent, "One?");
    agent.addMessage(user("Two?"));
    const running = agent.runAgent(props).catch(() => {});
    await eventually(
      async () => JSON.stringify(agent.messages),
      (messages) => messages.includes("Half"),
    );
    agent.abortRun();
    await running;

    agent.setMessages([...agent.messages.slice(0, 2), user("Changed?")]);
    await agent.runAgent(props);

    expect(promptOf(server)).toEqual(["One?", "First.", "Changed?"]);
    expect(await storedIn(server, agent)).toEqual(["One?", "First.", "Changed?", "Second."]);
  });

  test("gets the same answer again after it lost the end of the stream", async () => {
    await using server = serveNumbered();
    const agent = openAgent(Agent, server);
    agent.addMessage(user("One?"));
    // The answer is complete on the server; this client sees the first events only.
    const input = runInput(course_id, agent.messages, { threadId: agent.threadId });
    await readEvents(await server.post("/api/chat/stream", input));
    agent.setState({ course_id, references: [], last_message_id: null });

    await agent.runAgent(props);

    expect(contentsOf(agent.messages)).toEqual(["One?", "Answer 1."]);
    expect(modelCalls(server)).toHaveLength(1);
  });

  test("regenerates with the passages of the new search only", async () => {
    const replies = [SEARCH, { text: "One bit [1]." }, SEARCH, { text: "It is one bit [1]." }];
    await using server = serveChat(db, { replies });
    const agent = openAgent(Agent, server);
    await ask(agent, "How much entropy has a coin?");
    agent.setMessages(agent.messages.slice(0, 1));
    await agent.runAgent(props);

    expect(agent.messages.at(-1)).toMatchObject({
      content: "It is one bit [1].",
      metadata: { citations: [{ number: 1 }] },
    });
    expect(agent.messages).toHaveLength(4);
  });

  test("of a second tab that is behind adds its question, and gets the actual thread", async () => {
    await using server = serveNumbered();
    const one = openAgent(Agent, server);
    await ask(one, "One?");
    const other = await reload(Agent, server, one);
    await ask(one, "Two?");

    await ask(other, "Three?");

    expect(contentsOf(other.messages)).toEqual([
      ...["One?", "Answer 1.", "Two?", "Answer 2.", "Three?", "Answer 3."],
    ]);
    expect(await branchesOf(one)).toBeEmpty();
  });

  test("of a second tab on a replaced part goes on after the replacement", async () => {
    await using server = serveNumbered();
    const one = openAgent(Agent, server);
    await ask(one, "One?", "Two?");
    const other = await reload(Agent, server, one);
    one.setMessages(one.messages.slice(0, 1));
    await one.runAgent(props);

    await ask(other, "Three?");

    const expected = ["One?", "Answer 3.", "Three?", "Answer 4."];
    expect(contentsOf(other.messages)).toEqual(expected);
    expect(promptOf(server)).toEqual(expected.slice(0, -1));
    expect(await storedIn(server, one)).toEqual(expected);
  });
});

describe("a client that shares no state", () => {
  const open = () => {
    const threadId = crypto.randomUUID();
    return (messages: Message[], more: object = {}) =>
      runInput(course_id, messages, { threadId, state: {}, ...more });
  };

  test("regenerates an answer that was delivered, and repeats it under the same run id", async () => {
    await using server = serveNumbered();
    const input = open();
    const first = input([user("One?", "m1")]);
    await readEvents(await server.post("/api/chat/stream", first));
    const repeated = await readEvents(await server.post("/api/chat/stream", first));
    expect(modelCalls(server)).toHaveLength(1);
    const again = input([user("One?", "m1")]);
    await readEvents(await server.post("/api/chat/stream", again));

    expect(JSON.stringify(repeated)).toContain("Answer 1.");
    const { messages } = await sessionOf(server, first.threadId);
    expect(contentsOf(messages)).toEqual(["One?", "Answer 2."]);
  });

  test("gets the thread for a run without messages, and for one that ends with an answer", async () => {
    await using server = serveNumbered();
    const input = open();
    const question = user("One?", "m1");
    await readEvents(await server.post("/api/chat/stream", input([question])));
    for (const messages of [[], [question, { id: "x", role: "assistant", content: "Answer 1." }]]) {
      const events = await readEvents(
        await server.post("/api/chat/stream", input(messages as Message[])),
      );
      expect(events.map(({ type }) => type)).toContain("MESSAGES_SNAPSHOT");
    }

    expect(modelCalls(server)).toHaveLength(1);
  });

  test("gets an answer again that no reader received to its end, and then another one", async () => {
    await using server = serveNumbered();
    const input = open();
    const first = input([user("One?", "m1")]);
    await readEvents(await server.post("/api/chat/stream", first));
    await db`update chat_messages set metadata = metadata || '{"undelivered": true}'
      where session_id = ${first.threadId} and role = 'assistant'`;
    const ask = async () =>
      readEvents(await server.post("/api/chat/stream", input([user("One?", "m1")])));

    const again = await ask();
    expect(JSON.stringify(again)).toContain("Answer 1.");
    await eventually(
      async () => (await sessionOf(server, first.threadId)).messages[1].metadata,
      (metadata) => !("undelivered" in metadata),
    );
    await ask();
    const { messages } = await sessionOf(server, first.threadId);
    expect(contentsOf(messages)).toEqual(["One?", "Answer 2."]);
  });
});

test("without a model, an edited question gets its own extracts, and an answer can be asked for again", async () => {
  const [, Agent] = CLIENTS[1];
  await using server = serveChat(db, { chatModel: openExtractiveAnswerer });
  const agent = openAgent(Agent, server);
  await ask(agent, "Who named entropy?");
  const { length } = agent.messages;
  for (const question of ["How much entropy has a fair coin?", undefined]) {
    agent.setMessages(question ? [user(question)] : agent.messages.slice(0, 1));
    await agent.runAgent(props);

    expect(agent.messages).toHaveLength(length);
    expect(agent.messages.at(-1)).toMatchObject({
      content: expect.stringContaining("> A fair coin has one bit of entropy. ["),
    });
    expect((await reload(Agent, server, agent)).messages).toEqual(agent.messages);
  }
  expect(await branchesOf(agent)).toHaveLength(2);
});

test("two tabs that regenerate at once get one new answer", async () => {
  const release = Promise.withResolvers<void>();
  const pause = { kind: "pause", afterTokens: 1, until: release.promise } as const;
  const [, Agent] = CLIENTS[0];
  await using server = serveChat(db, {
    replies: [{ text: "Answer 1." }, { text: "Answer 2.", fault: pause }],
  });
  const agent = openAgent(Agent, server);
  await ask(agent, "One?");
  const messages = agent.messages.slice(0, 1);
  const input = () =>
    runInput(course_id, messages, { threadId: agent.threadId, state: agent.state });
  const one = follow(await server.post("/api/chat/stream", input()), (events) =>
    JSON.stringify(events).includes("Answer"),
  );
  await one.seen;
  const other = follow(await server.post("/api/chat/stream", input()), (events) =>
    JSON.stringify(events).includes("Answer"),
  );
  await other.seen;
  release.resolve();

  for (const { events } of [one, other]) {
    expect((await events).at(-1)!.type).toBe("RUN_FINISHED");
  }
  expect(modelCalls(server)).toHaveLength(2);
  expect(await branchesOf(agent)).toHaveLength(1);
});

test("a person's export contains the replaced messages, and the erasure removes them", async () => {
  const headers = { "x-user-id": `${crypto.randomUUID()}@uni.example` };
  const [, Agent] = CLIENTS[0];
  await using server = serveNumbered();
  const agent = new Agent({
    url: `${server.url}/api/chat/stream`,
    threadId: crypto.randomUUID(),
    headers,
  });
  await ask(agent, "One?");
  agent.setMessages(agent.messages.slice(0, 1));
  await agent.runAgent(props);
  const [session] = await db`select user_id from chat_sessions where id = ${agent.threadId}`;

  const { conversations } = await exportUser(db, session!.user_id);
  expect(JSON.stringify(conversations[0]!.replaced_messages)).toContain("Answer 1.");
  await eraseUser(db, session!.user_id);
  expect(await branchesOf(agent)).toBeEmpty();
});
