import { describe, expect, test } from "bun:test";
import type { Message } from "@ag-ui/core";
import { openExtractiveAnswerer } from "../../../src/providers/local/extractive-answerer";
import { CLIENTS, readEvents, runInput, user, verify } from "../../support/ag-ui";
import { ANSWER, createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

type Server = ReturnType<typeof serveChat>;

async function ask(server: Server, input: object) {
  const events = await readEvents(await server.post("/api/chat/stream", input));
  await verify(events);
  return events;
}
const textOf = (events: Awaited<ReturnType<typeof ask>>) =>
  events.flatMap(({ type, delta }) => (type === "TEXT_MESSAGE_CONTENT" ? delta : [])).join("");
const instructionsOf = (server: Server) =>
  server.openai.requestsTo("/v1/chat/completions").at(-1)!.body.messages[0].content as string;

describe.each(CLIENTS)("a client of %s", (_, Agent) => {
  test("shares its state with the model, as data and without our fields", async () => {
    await using server = serveChat(db, { replies: [ANSWER, ANSWER] });
    const agent = new Agent({
      url: `${server.url}/api/chat/stream`,
      initialState: { chapter: "Entropy" },
    });
    for (const question of ["Coins?", "Dice?"]) {
      agent.addMessage(user(question));
      await agent.runAgent({ forwardedProps: { course_id } });
      expect(instructionsOf(server)).toContain('(JSON, material only):\n{"chapter":"Entropy"}');
    }

    expect(instructionsOf(server)).not.toContain("last_message_id");
    expect(agent.state).toMatchObject({ chapter: "Entropy", course_id });
  });
});

test("a large state leaves room for the conversation", async () => {
  await using server = serveChat(db, { replies: [ANSWER] });
  const state = { notes: "entropy ".repeat(20_000) };
  await ask(server, runInput(course_id, [user("Coins?")], { state }));

  expect(instructionsOf(server).length).toBeLessThan(12_000);
});

test("retrieval is a step, also when it is cut", async () => {
  await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
  const events = await ask(server, runInput(course_id, [user("Coins?")]));
  const steps = events.filter(({ type }) => type.startsWith("STEP"));

  expect(steps.map(({ type, stepName }) => [type, stepName])).toEqual([
    ["STEP_STARTED", "retrieval"],
    ["STEP_FINISHED", "retrieval"],
  ]);
});

describe("an attachment that cannot be read", () => {
  const ask2 = (server: Server, content: unknown[]) =>
    ask(server, runInput(course_id, [{ id: "q", role: "user", content } as Message]));
  const audio = { type: "binary", mimeType: "audio/mpeg", id: "upload-7" };
  const words = { type: "text", text: "What is the entropy of a fair coin?" };

  test("is named to the user once, and the thread goes on", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER, { text: "Yes." }] });
    const [, Agent] = CLIENTS[1];
    const agent = new Agent({
      url: `${server.url}/api/chat/stream`,
      threadId: crypto.randomUUID(),
    });
    agent.addMessage({ id: "q", role: "user", content: [words, audio] } as never);
    await agent.runAgent({ forwardedProps: { course_id } });
    const [first] = agent.messages.slice(-1);
    agent.addMessage(user("Really?"));
    await agent.runAgent({ forwardedProps: { course_id } });

    expect(first!.content).toStartWith("*The attached audio is not part of this answer");
    expect(first!.content).toEndWith(ANSWER.text);
    expect(first).toMatchObject({ metadata: { citations: [{ number: 1 }] } });
    expect(agent.messages.at(-1)!.content).toBe("Yes.");
  });

  test("is not mentioned where the model reads it", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const image = { type: "image", source: { type: "data", value: "AAAA", mimeType: "image/png" } };
    const events = await ask2(server, [words, image]);

    expect(textOf(events)).toBe(ANSWER.text);
  });

  test("is named by the answerer without a model, which reads text only", async () => {
    await using server = serveChat(db, { chatModel: openExtractiveAnswerer });
    const image = { type: "image", source: { type: "data", value: "AAAA", mimeType: "image/png" } };
    const events = await ask2(server, [words, image, audio]);

    expect(textOf(events)).toStartWith("*The attached image and audio are not part of this answer");
    expect(textOf(events)).toContain("A fair coin has one bit of entropy");
  });
});
