import { expect, test } from "bun:test";
import { follow, readEvents, runInput, user, verify } from "../support/ag-ui";
import { postJson } from "../support/http";
import { startOpenAI } from "../support/openai";
import { openServerHost } from "../support/server";

const ANSWER = { text: "A fair coin has one bit." };

test("a question outlives a server that is killed at the first word of its answer", async () => {
  const stalling = { ...ANSWER, fault: { kind: "stall", afterTokens: 2 } } as const;
  await using openai = startOpenAI({ replies: [stalling, ANSWER] });
  const env = { OPENAI_BASE_URL: openai.url, CHAT_MODEL: "openai:gpt-test" };
  await using host = await openServerHost();
  const killed = await host.start(env);
  const course = await killed.json(postJson("/api/courses", { name: "Information theory" }));
  const input = runInput(course.id, [user("How much entropy has a coin?")]);
  const response = await killed.send(postJson("/api/chat/stream", input));
  await follow(response, (events) => events.at(-1)?.type === "TEXT_MESSAGE_CONTENT").seen;

  await killed.stop("SIGKILL");
  const server = await host.start(env);
  const { messages } = await server.json(`/api/chat/sessions/${input.threadId}`);
  const reload = { ...input, runId: "reload", messages: [] };
  const events = await readEvents(await server.send(postJson("/api/chat/stream", reload)));

  expect(messages).toMatchObject([{ role: "user", content: "How much entropy has a coin?" }]);
  await verify(events);
  expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED" });
  expect(events.filter(({ type }) => type === "TEXT_MESSAGE_END")).toMatchObject([
    { metadata: { status: "complete" } },
  ]);
}, 120_000);
