import { expect, test } from "bun:test";
import { follow, readEvents, runInput, user, verify } from "../support/ag-ui";
import { engine } from "../support/database";
import { postJson } from "../support/http";
import { openNetworkLine } from "../support/network-line";
import { type Reply, startOpenAI } from "../support/openai";
import { openServerHost } from "../support/server";
import { eventually } from "../support/waiting";

const ANSWER = { text: "A fair coin has one bit." };

test.skipIf(engine === "embedded")(
  "an answer that ends while the database restarts is stored and not asked again",
  async () => {
    const { promise: until, resolve: goOn } = Promise.withResolvers<void>();
    const pausing: Reply = { ...ANSWER, fault: { kind: "pause", afterTokens: 2, until } };
    await using openai = startOpenAI({ replies: [pausing] });
    await using host = await openServerHost();
    const direct = await host.start({ WORKERS: "0" });
    await using line = await openNetworkLine(direct.databaseUrl);
    await direct.stop();
    const server = await host.start({
      DATABASE_URL: line.url,
      WORKERS: "0",
      OPENAI_BASE_URL: openai.url,
      CHAT_MODEL: "openai:gpt-test",
    });
    const course = await server.json(postJson("/api/courses", { name: "Information theory" }));
    const input = runInput(course.id, [user("How much entropy has a coin?")]);
    const response = await server.send(postJson("/api/chat/stream", input));
    const reading = follow(response, (events) => events.at(-1)?.type === "TEXT_MESSAGE_CONTENT");
    await reading.seen;

    line.cut();
    goOn();
    await eventually(
      async () => openai.open,
      (open) => open === 0,
    );
    await Bun.sleep(1_000);
    line.mend();

    const events = await reading.events;
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED" });
    const { messages } = await server.json(`/api/chat/sessions/${input.threadId}`);
    expect(messages).toMatchObject([
      { role: "user" },
      { role: "assistant", content: ANSWER.text, metadata: { status: "complete" } },
    ]);
    expect(openai.requests.filter(({ path }) => path !== "/v1/embeddings")).toHaveLength(1);
  },
  120_000,
);

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
