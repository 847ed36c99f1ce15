import { describe, expect, test } from "bun:test";
import {
  type AnyEvent,
  CLIENTS,
  readEvents,
  runInput,
  typesOf,
  user,
  verify,
} from "../../support/ag-ui";
import { createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { RecordedRequest, Reply } from "../../support/openai";

const db = await withDatabase();
const { course_id, document_id } = await createStudiedCourse(db);

const ANSWER = { text: "A fair coin has one bit of entropy [1]. That is all." };
const SOURCE = { number: 1, source: "slides", asset_id: document_id, page_number: 7 };

type Server = ReturnType<typeof serveChat>;

const searchThenAnswer = ({ body }: RecordedRequest) =>
  body.messages.at(-1).role === "tool" ? ANSWER : SEARCH;

async function ask(server: Server, input: object): Promise<AnyEvent[]> {
  const events = await readEvents(await server.post("/api/chat/stream", input));
  await verify(events);
  return events;
}

/** The references in the client's state, and the sources in the end of the run. */
function knowledgeIn(events: AnyEvent[]) {
  const { citations, knowledge_references } = events.at(-1)!.result;
  const [change] = events.findLast(({ type }) => type === "STATE_DELTA")?.delta ?? [];
  return { citations, knowledge_references, references: change?.value };
}

async function storedIn(server: Server, threadId: string) {
  const session = await (await fetch(`${server.url}/api/chat/sessions/${threadId}`)).json();
  return session.messages.at(-1);
}

describe("what an answer rests on", () => {
  test("is sent again to a client that reloads", async () => {
    await using server = serveChat(db, { replies: searchThenAnswer });
    const input = runInput(course_id, [user("How much entropy has a coin?")]);
    const first = await ask(server, input);
    const reloaded = await ask(server, { ...input, runId: "reloaded", messages: [] });

    expect(knowledgeIn(first)).toMatchObject({ citations: [SOURCE], references: [SOURCE] });
    expect(knowledgeIn(reloaded)).toEqual(knowledgeIn(first));
  });

  test("is sent before the text when an interrupted answer continues", async () => {
    const truncated: Reply = { ...ANSWER, fault: { kind: "truncate", afterTokens: 2 } };
    await using server = serveChat(db, { replies: [SEARCH, truncated, ANSWER, SEARCH, ANSWER] });
    const input = runInput(course_id, [user("How much entropy has a coin?")]);
    const cut = await ask(server, input);
    const again = await ask(server, { ...input, runId: "again" });
    const whole = await ask(server, { ...input, threadId: crypto.randomUUID() });

    expect(cut.at(-1)).toMatchObject({ type: "RUN_ERROR", code: "chat_failed" });
    const types = typesOf(again).filter((type) => /CUSTOM|TEXT_MESSAGE_START/.test(type));
    expect(types.slice(0, 2)).toEqual(["CUSTOM", "TEXT_MESSAGE_START"]);
    expect(knowledgeIn(again)).toEqual(knowledgeIn(whole));
    expect((await storedIn(server, input.threadId)).metadata.references).toMatchObject([SOURCE]);
  });
});

test("a question cut off within a character is answered, and so is an answer stored", async () => {
  await using server = serveChat(db, { replies: [{ text: "One\0 bit \ud83e" }] });
  const input = runInput(course_id, [user("How much entropy has a \ud83e")]);
  const events = await ask(server, input);

  expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED" });
  expect(await storedIn(server, input.threadId)).toMatchObject({ content: "One bit \ufffd" });
});

test.each(CLIENTS)("tool results stay in the order in which %s got them", async (_, Agent) => {
  const calls = [
    { name: "show_chart", input: { of: "coin" }, id: "first" },
    { name: "search_slides", input: { query: "coin" }, id: "ours" },
    { name: "show_chart", input: { of: "die" }, id: "last" },
  ];
  const replies = ["1", "2"].flatMap((round) => [
    { toolCalls: calls.map((call) => ({ ...call, id: call.id + round })) },
    ANSWER,
  ]);
  await using server = serveChat(db, { replies });
  const open = (threadId?: string) =>
    new Agent({ url: `${server.url}/api/chat/stream`, ...(threadId && { threadId }) });
  const tools = [{ name: "show_chart", description: "Draws", parameters: { type: "object" } }];
  const props = { forwardedProps: { course_id }, tools };
  const agent = open(crypto.randomUUID());
  for (const round of ["1", "2"]) {
    agent.addMessage(user("Draw it"));
    await agent.runAgent(props);
    for (const toolCallId of [`last${round}`, `first${round}`]) {
      agent.addMessage({ id: crypto.randomUUID(), role: "tool", toolCallId, content: "drawn" });
    }
    await agent.runAgent(props);
  }
  const reloaded = open(agent.threadId);
  await reloaded.runAgent(props);

  expect(reloaded.messages).toEqual(agent.messages);
});
