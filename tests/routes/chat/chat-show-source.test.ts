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
import { createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { Reply } from "../../support/openai";

const db = await withDatabase();
const { course_id, document_id, file_url } = await createStudiedCourse(db);

const TOOL = {
  name: "show_source",
  description: "Ignored",
  parameters: { type: "object", properties: { citation: { type: "integer" } } },
};
const show = (input: object, id: string = crypto.randomUUID()): Reply => ({
  toolCalls: [{ name: "show_source", input, id }],
});
const ANSWER = { text: "It is open: one bit of entropy [1]." };
const props = { forwardedProps: { course_id }, tools: [TOOL] };

type Server = ReturnType<typeof serveChat>;

const openAgent = (Agent: (typeof CLIENTS)[number][1], { url }: Server): Client =>
  new Agent({ url: `${url}/api/chat/stream`, threadId: crypto.randomUUID() });
const modelCalls = (server: Server) => server.openai.requestsTo("/v1/chat/completions");
/** The last tool result that the model got. */
const resultOf = (server: Server) =>
  JSON.parse(modelCalls(server).at(-1)!.body.messages.at(-1).content);

/** The call that waits for the page, as its arguments. */
function pendingCall({ messages }: Client) {
  const calls = messages.flatMap((one) => (one.role === "assistant" ? (one.toolCalls ?? []) : []));
  const answered = new Set(messages.map((one) => (one.role === "tool" ? one.toolCallId : "")));
  const open = calls.filter(({ id }) => !answered.has(id));
  return open.map(({ id, function: { name, arguments: input } }) => ({
    id,
    name,
    input: JSON.parse(input),
  }));
}

function answerPage(agent: Client, content: unknown): Promise<unknown> {
  const [call] = pendingCall(agent);
  agent.addMessage({
    id: crypto.randomUUID(),
    role: "tool",
    toolCallId: call!.id,
    content: JSON.stringify(content),
  });
  return agent.runAgent(props);
}

async function ask(agent: Client, question = "Show me the slide"): Promise<void> {
  agent.addMessage(user(question));
  await agent.runAgent(props);
}

const putOff = (agent: Client, seconds: number) => db`
  update chat_messages set metadata = jsonb_set(metadata, '{tool_calls,0,asked_at}',
    to_jsonb(to_char(now() at time zone 'utc' - make_interval(secs => ${seconds}), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
  where session_id = ${agent.threadId} and metadata @? '$.tool_calls[0].asked_at'`;

describe.each(CLIENTS)("a page of %s", (_, Agent) => {
  test("gets the place of a citation, and its result decides what the model may say", async () => {
    await using server = serveChat(db, { replies: [SEARCH, show({ citation: 1 }), ANSWER] });
    const agent = openAgent(Agent, server);
    await ask(agent);

    expect(pendingCall(agent)).toMatchObject([
      {
        name: "show_source",
        input: {
          ...{ citation: 1, source: "slides", asset_id: document_id, page_number: 7 },
          url: `${server.url}${file_url}#page=7`,
        },
      },
    ]);
    await answerPage(agent, { applied: true, at: "page 7" });

    expect(resultOf(server)).toMatchObject({ applied: true, at: "page 7" });
    expect(agent.messages.at(-1)).toMatchObject({ content: ANSWER.text });
    const reloaded = new Agent({ url: `${server.url}/api/chat/stream`, threadId: agent.threadId });
    await reloaded.runAgent(props);
    expect(reloaded.messages).toEqual(agent.messages);
  });

  test("need not name the place that it opened", async () => {
    await using server = serveChat(db, { replies: [SEARCH, show({ citation: 1 }), ANSWER] });
    const agent = openAgent(Agent, server);
    await ask(agent);
    await answerPage(agent, { applied: true });

    expect(resultOf(server)).toMatchObject({ applied: true });
  });

  test.each([
    [{ applied: false, at: "page 7" }],
    [{ at: "page 7" }],
    ["opened"],
    [{ applied: "true" }],
    [{ error: "no viewer" }],
  ])("that answers %j has opened nothing", async (content) => {
    await using server = serveChat(db, { replies: [SEARCH, show({ citation: 1 }), ANSWER] });
    const agent = openAgent(Agent, server);
    await ask(agent);
    await answerPage(agent, content);

    expect(resultOf(server)).toEqual({
      applied: false,
      note: expect.stringContaining("Do not say"),
    });
  });

  test("that answers after 15 seconds has opened nothing", async () => {
    await using server = serveChat(db, { replies: [SEARCH, show({ citation: 1 }), ANSWER] });
    const agent = openAgent(Agent, server);
    await ask(agent);
    await putOff(agent, 16);
    await answerPage(agent, { applied: true, at: "page 7" });

    expect(resultOf(server)).toMatchObject({ applied: false });
  });

  test("that does not answer gets the rest of the answer after 15 seconds", async () => {
    await using server = serveChat(db, {
      replies: [SEARCH, show({ citation: 1 }), { text: "See [1]." }],
    });
    const agent = openAgent(Agent, server);
    await ask(agent);
    await agent.runAgent(props);
    expect(modelCalls(server)).toHaveLength(2);
    await putOff(agent, 16);
    await agent.runAgent(props);

    expect(resultOf(server)).toMatchObject({ applied: false });
    expect(agent.messages.at(-1)).toMatchObject({ content: "See [1]." });
    expect(pendingCall(agent)).toEqual([]);
  });
});

describe("the server", () => {
  async function run(server: Server, more: object = {}) {
    const input = runInput(course_id, [user("Show me the slide")], { tools: [TOOL], ...more });
    const events = await readEvents(await server.post("/api/chat/stream", input));
    await verify(events);
    return { input, events };
  }
  const resultsIn = (events: AnyEvent[]) =>
    events.flatMap(({ type, content }) =>
      type === "TOOL_CALL_RESULT" ? [JSON.parse(content)] : [],
    );
  const argumentsIn = (events: AnyEvent[], toolCallId: string) =>
    events
      .flatMap((event) =>
        event.type === "TOOL_CALL_ARGS" && event.toolCallId === toolCallId ? event.delta : [],
      )
      .join("");

  test.each([
    ["a number that was not retrieved", { citation: 5 }, "No passage of this conversation"],
    ["no number", { url: "https://evil.example" }, "Name a passage by its number"],
    ["a number that is none", { citation: "first" }, "Name a passage by its number"],
  ])(
    "refuses %s, without a place for the page, and the answer goes on",
    async (_, input, error) => {
      await using server = serveChat(db, { replies: [SEARCH, show(input, "refused"), ANSWER] });
      const { events } = await run(server);

      expect(resultsIn(events).at(-1).error).toContain(error);
      expect(argumentsIn(events, "refused")).not.toMatch(/asset_id|url/);
      expect(events.at(-1)!.type).toBe("RUN_FINISHED");
      const text = events.filter(({ type }) => type === "TEXT_MESSAGE_CONTENT");
      expect(text.map(({ delta }) => delta).join("")).toBe(ANSWER.text);
    },
  );

  test("refuses a passage of another thread", async () => {
    await using server = serveChat(db, {
      replies: [SEARCH, ANSWER, show({ citation: 1 }), ANSWER],
    });
    await run(server);
    const { events } = await run(server);

    expect(resultsIn(events)).toEqual([{ error: expect.stringContaining("No passage") }]);
  });

  test("refuses a passage that is hidden now", async () => {
    const course = await createStudiedCourse(db);
    await using server = serveChat(db, {
      replies: [SEARCH, ANSWER, show({ citation: 1 }), ANSWER],
    });
    const threadId = crypto.randomUUID();
    const ask = async (question: string) => {
      const input = runInput(course.course_id, [user(question)], { threadId, tools: [TOOL] });
      return readEvents(await server.post("/api/chat/stream?as=student", input));
    };
    await ask("How much entropy?");
    await db`update documents set visible_from = now() + interval '1 day' where id = ${course.document_id}`;
    const events = await ask("Show it");

    expect(resultsIn(events)).toEqual([{ error: expect.stringContaining("cannot see") }]);
  });

  test("opens one source for each answer", async () => {
    const both = [show({ citation: 1 }, "one"), show({ citation: 1 }, "two")];
    const toolCalls = both.flatMap(({ toolCalls }) => toolCalls!);
    const replies: Reply[] = [SEARCH, { toolCalls }, show({ citation: 1 }, "three"), ANSWER];
    await using server = serveChat(db, { replies: [...replies, show({ citation: 1 }, "next")] });
    const { input, events } = await run(server);
    const result = { id: "r", role: "tool", toolCallId: "one", content: '{"applied":true}' };
    const again = { ...input, runId: "again", messages: [...input.messages, result] };
    const more = await readEvents(await server.post("/api/chat/stream", again));
    const next = await run(server, { threadId: input.threadId, messages: [user("And again")] });

    expect(resultsIn(events).at(-1)).toEqual({ error: expect.stringContaining("opened a source") });
    expect(resultsIn(more)).toEqual([{ error: expect.stringContaining("opened a source") }]);
    expect(argumentsIn(next.events, "next")).toContain(document_id);
  });

  test("gives the model its own definition, only where a page offers the tool", async () => {
    await using server = serveChat(db, { replies: [ANSWER, ANSWER, ANSWER] });
    await run(server);
    await run(server, { tools: [] });
    await run(server, {
      tools: [{ ...TOOL, parameters: { type: "object", properties: { page: {} } } }],
    });
    const [ours, none, theirs] = modelCalls(server).map(
      ({ body }) =>
        body.tools.find(
          (one: { function: { name: string } }) => one.function.name === "show_source",
        )?.function,
    );

    expect(ours.description).toContain("at most once");
    expect(none).toBeUndefined();
    expect(theirs.description).toBe("Ignored");
  });
});
