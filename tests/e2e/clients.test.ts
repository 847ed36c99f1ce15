import { describe, expect, test } from "bun:test";
import { CLIENTS, readEvents, runInput, user, verify } from "../support/ag-ui";
import { createStudiedCourse, serveChat } from "../support/chat";
import { withDatabase } from "../support/database";
import type { Reply } from "../support/openai";
import { awakeMs, eventually } from "../support/waiting";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

const ANSWER: Reply = { text: "A fair coin has one bit of entropy." };
const props = { forwardedProps: { course_id } };

type Server = ReturnType<typeof serveChat>;
const storedIn = async (server: Server, id: string) =>
  (await (await fetch(`${server.url}/api/chat/sessions/${id}`)).json()).messages;

describe.each(CLIENTS)("a client of %s", (_, Agent) => {
  test("that stops closes the model's socket, and goes on with what was said", async () => {
    const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
    await using server = serveChat(db, { replies: [stalling, ANSWER] });
    const agent = new Agent({
      url: `${server.url}/api/chat/stream`,
      threadId: crypto.randomUUID(),
    });
    agent.addMessage(user("How much entropy has a coin?"));
    const running = agent.runAgent(props).catch(() => {});
    await eventually(
      async () => JSON.stringify(agent.messages),
      (messages) => messages.includes("A fair coin"),
    );

    agent.abortRun();
    const closed = (async () => {
      while (server.openai.aborted === 0) await Bun.sleep(2);
    })();

    expect(await awakeMs(closed)).toBeLessThan(200);
    await running;
    agent.addMessage(user("Go on"));
    await agent.runAgent(props);
    const { messages } = server.openai.requests.at(-1)!.body;
    expect(messages.slice(1).map(({ content }: { content: string }) => content)).toEqual([
      ...["How much entropy has a coin?", "A fair coin ", "Go on"],
    ]);
    expect(agent.messages.at(-1)).toMatchObject({ content: ANSWER.text });
  });
});

test("a question that two servers get at once is stored and answered once", async () => {
  await using one = serveChat(db, { replies: () => ANSWER });
  await using other = serveChat(db, { replies: () => ANSWER });

  for (let round = 0; round < 5; round += 1) {
    const input = runInput(course_id, [user("How much entropy has a coin?")]);
    const answers = [one, other].map(async (server) =>
      readEvents(await server.post("/api/chat/stream", input)),
    );
    for (const events of await Promise.all(answers)) {
      await verify(events);
      expect(events.at(-1)!.type).toBe("RUN_FINISHED");
    }
    const stored = await storedIn(one, input.threadId);
    expect(stored.map(({ content }: { content: string }) => content)).toEqual([
      ...["How much entropy has a coin?", ANSWER.text],
    ]);
  }
});

test("a reader who leaves before the answer begins leaves no model at work", async () => {
  const broken: Reply = { ...ANSWER, fault: { kind: "truncate", afterTokens: 2 } };
  const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 0 } };
  await using server = serveChat(db, { replies: [broken, stalling] });
  const input = runInput(course_id, [user("How much entropy has a coin?")]);
  await readEvents(await server.post("/api/chat/stream", input));

  const again = await server.post("/api/chat/stream", input);
  await readEvents(again, (events) => events.at(-1)!.type === "MESSAGES_SNAPSHOT");
  await eventually(
    async () => (await storedIn(server, input.threadId)).at(-1),
    ({ metadata }) => metadata.status === "aborted",
  );
  await eventually(
    async () => server.openai.open,
    (open) => open === 0,
  );
});
