// One engine: the subject is the runner of an example.
import { expect, test } from "bun:test";
import { HttpAgent } from "@ag-ui/client-0.0.59";
import { LecternRunner } from "../../../examples/nextjs/lib/lectern-runner";
import { type AnyEvent, readEvents, runInput, user } from "../../support/ag-ui";
import { ANSWER, createStudiedCourse, SEARCH, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { Reply } from "../../support/openai";
import { eventually } from "../../support/waiting";

// The runtime reads this setting when it is loaded.
process.env.COPILOTKIT_TELEMETRY_DISABLED = "true";
const { CopilotRuntime, createCopilotRuntimeHandler } = await import("@copilotkit/runtime/v2");

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

/** A runtime as app/api/copilotkit has it; another one has nothing of its memory. */
function openRuntime(lecternUrl: string) {
  const url = `${lecternUrl}/api/chat/stream`;
  const handle = createCopilotRuntimeHandler({
    runtime: new CopilotRuntime({
      agents: { default: new HttpAgent({ url }) as never },
      runner: new LecternRunner((thread) => new HttpAgent({ url, ...thread }) as never),
      forwardHeaders: { allow: ["x-course-id"] },
    }),
    basePath: "/api/copilotkit",
  });
  return async (path: string, input: object, headers = {}, signal?: AbortSignal) =>
    handle(
      new Request(`http://localhost/api/copilotkit/agent/default/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-course-id": course_id, ...headers },
        body: JSON.stringify(input),
        ...(signal && { signal }),
      }),
    );
}

const question = (threadId: string = crypto.randomUUID()) =>
  runInput(course_id, [user("How much entropy has a coin?")], { threadId });
const reload = ({ threadId }: { threadId: string }) => runInput(course_id, [], { threadId });
const messagesOf = (events: AnyEvent[]) =>
  events.findLast(({ type }) => type === "MESSAGES_SNAPSHOT")?.messages;

test("a runtime that was restarted shows the conversation with its citations", async () => {
  const input = question();
  {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const events = await readEvents(await openRuntime(server.url)("run", input));
    expect(events.at(-1)!.type).toBe("RUN_FINISHED");
  }
  await using server = serveChat(db);
  const events = await readEvents(await openRuntime(server.url)("connect", reload(input)));

  expect(messagesOf(events)).toMatchObject([
    { role: "user" },
    { role: "assistant" },
    { role: "tool" },
    { role: "assistant", content: ANSWER.text, metadata: { citations: [{ number: 1 }] } },
  ]);
  expect(events.at(-1)!.type).toBe("RUN_FINISHED");
});

test("a thread without messages is empty, and its course comes from the page", async () => {
  await using server = serveChat(db);
  const runtime = openRuntime(server.url);
  const events = await readEvents(await runtime("connect", reload(question())));
  const lost = await runtime("connect", reload(question()), { "x-course-id": "" });

  expect(messagesOf(events)).toEqual([]);
  expect((await readEvents(lost)).at(-1)).toMatchObject({ type: "RUN_ERROR" });
});

test("a server that does not answer ends the run with an error", async () => {
  const runtime = openRuntime("http://127.0.0.1:9");
  for (const path of ["run", "connect"]) {
    const events = await readEvents(await runtime(path, question()));
    expect(events.map(({ type }) => type)).toEqual(["RUN_ERROR"]);
  }
});

test("stop ends the answer, and the thread goes on", async () => {
  const stalling: Reply = { ...ANSWER, fault: { kind: "stall", afterTokens: 3 } };
  await using server = serveChat(db, { replies: [stalling, ANSWER] });
  const runtime = openRuntime(server.url);
  const input = question();
  const running = runtime("run", input).then((response) => readEvents(response));
  await eventually(
    async () => server.openai.open,
    (open) => open === 1,
  );
  const stopped = await runtime(`stop/${input.threadId}`, {});
  await running;

  expect(stopped.status).toBe(200);
  await eventually(
    async () => server.openai.open,
    (open) => open === 0,
  );
  const again = { ...question(input.threadId), messages: [...input.messages, user("Go on")] };
  const events = await readEvents(await runtime("run", again));
  expect(events.at(-1)!.type).toBe("RUN_FINISHED");
});
