import { expect, test } from "bun:test";
import { HttpAgent } from "@ag-ui/client-0.0.59";
import { CopilotKitCore } from "@copilotkit/core";
import { z } from "zod";
import type { AnyEvent } from "../support/ag-ui";
import { createStudiedCourse, serveChat } from "../support/chat";
import { withDatabase } from "../support/database";
import type { Reply } from "../support/openai";
import { eventually } from "../support/waiting";

// The runtime reports its use to its makers unless told otherwise, and looks when it is loaded.
process.env.COPILOTKIT_TELEMETRY_DISABLED = "true";
const { CopilotRuntime, createCopilotRuntimeHandler } = await import("@copilotkit/runtime/v2");

const SEARCH = { name: "search_slides", input: { query: "coin entropy" } };
const SHOW_CHART = { name: "show_chart", input: { title: "Coins" } };
const ANSWER: Reply = { text: "A fair coin has one bit of entropy [1]." };

const KEY = "the-key-of-the-course-website-0123456789";

const db = await withDatabase();
const { course_id, document_id } = await createStudiedCourse(db);

/** A browser's side of CopilotKit, the runtime that it talks to, and our server behind that. */
function openCopilotKit(replies: Reply[], headers: Record<string, string> = {}) {
  const lectern = serveChat(db, { replies, ...(headers.authorization && { key: KEY }) });
  const agent = new HttpAgent({ url: `${lectern.url}/api/chat/stream`, headers });
  const handle = createCopilotRuntimeHandler({
    runtime: new CopilotRuntime({ agents: { lectern: agent as never } }),
    basePath: "/api/copilotkit",
  });
  let runs = 0;
  const runtime = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => {
      if (request.url.endsWith("/run")) runs += 1;
      return handle(request);
    },
  });
  const core = new CopilotKitCore({
    runtimeUrl: `http://127.0.0.1:${runtime.port}/api/copilotkit`,
    runtimeTransport: "rest",
    properties: { course_id },
  });
  const events: AnyEvent[] = [];
  // Outside of a browser the core does not ask the runtime which agents there are.
  const { agent: browser } = core.registerProxiedAgent({
    agentId: "browser",
    runtimeAgentId: "lectern",
  });
  browser.subscribe({ onEvent: ({ event }) => void events.push(event as AnyEvent) });
  return {
    lectern,
    core,
    browser,
    events,
    /** Requests to the runtime that led to one of ours. */
    get runs() {
      return runs;
    },
    get modelRequests() {
      return lectern.openai.requestsTo("/v1/chat/completions").map(({ body }) => body);
    },
    offer: (name: string, handler: (input: object) => Promise<unknown>) =>
      core.addTool({ name, handler, parameters: z.object({ title: z.string() }) }),
    ask: (content: string) => {
      browser.addMessage({ id: crypto.randomUUID(), role: "user", content });
      return core.runAgent({ agent: browser });
    },
    /** As react-core's `reloadMessages` does for an answer: it cuts the history back to the question. */
    regenerate: (index: number) => {
      const before = browser.messages.slice(0, index);
      browser.setMessages(before.slice(0, before.findLastIndex(({ role }) => role === "user") + 1));
      return core.runAgent({ agent: browser });
    },
    async [Symbol.asyncDispose]() {
      await runtime.stop(true);
      await lectern[Symbol.asyncDispose]();
    },
  };
}

type CopilotKit = ReturnType<typeof openCopilotKit>;

const rolesOf = ({ browser }: CopilotKit) => browser.messages.map(({ role }) => role);

test("a question is searched for and answered, and its citations reach the browser", async () => {
  await using kit = openCopilotKit([{ toolCalls: [SEARCH] }, ANSWER]);

  await kit.ask("How much entropy has a coin?");

  const citation = { number: 1, source: "slides", asset_id: document_id, page_number: 7 };
  expect(kit.browser.messages.at(-1)).toMatchObject({
    content: ANSWER.text,
    metadata: { citations: [citation] },
  });
  expect(rolesOf(kit)).toEqual(["user", "assistant", "tool", "assistant"]);
  expect(kit.events).toContainEqual(
    expect.objectContaining({ type: "CUSTOM", name: "knowledge_references" }),
  );
  expect(kit.events.at(-1)).toMatchObject({
    type: "RUN_FINISHED",
    result: { citations: [citation] },
    metadata: { run_metadata: { course_id, hits: 1 } },
  });
  expect(kit.runs).toBe(1);
});

test("the runtime passes its key and its user to a server that asks for a key", async () => {
  const user = `${crypto.randomUUID()}@uni.example`;
  const headers = { authorization: `Bearer ${KEY}`, "x-user-id": user };
  await using kit = openCopilotKit([ANSWER], headers);
  await using refused = openCopilotKit([ANSWER], { authorization: "Bearer another" });

  await kit.ask("How much entropy has a coin?");
  await refused.ask("How much entropy has a coin?").catch(() => {});

  expect(rolesOf(kit)).toEqual(["user", "assistant"]);
  expect(refused.modelRequests).toEqual([]);
  const [session] = await db`
    select s.id from chat_sessions s join users u on u.id = s.user_id
    where u.issuer = 'x-user-id' and u.subject = ${user}`;
  expect(session).toBeDefined();
});

test("a tool of the page is called and its result answered in exactly two runs", async () => {
  await using kit = openCopilotKit([{ toolCalls: [SHOW_CHART] }, ANSWER]);
  const shown: unknown[] = [];
  kit.offer("show_chart", async (input) => {
    shown.push(input);
    return "drawn";
  });

  await kit.ask("Draw it");

  expect(shown).toEqual([SHOW_CHART.input]);
  expect(kit.runs).toBe(2);
  expect(rolesOf(kit)).toEqual(["user", "assistant", "tool", "assistant"]);
  expect(kit.modelRequests.at(-1).messages.at(-1)).toMatchObject({
    role: "tool",
    content: "drawn",
  });
});

test("a tool of the page and one of ours may be called in one step", async () => {
  await using kit = openCopilotKit([{ toolCalls: [SEARCH, SHOW_CHART] }, ANSWER]);
  kit.offer("show_chart", async () => "drawn");

  await kit.ask("Find it and draw it");

  expect(kit.runs).toBe(2);
  const [found, drawn] = kit.modelRequests.at(-1).messages.slice(-2);
  expect(JSON.parse(found.content).passages).toMatchObject([{ number: 1, title: "Coins" }]);
  expect(drawn.content).toBe("drawn");
  expect(kit.browser.messages.at(-1)).toMatchObject({
    content: ANSWER.text,
    metadata: { citations: [{ number: 1 }] },
  });
});

test("a person may take their time over a tool of the page", async () => {
  await using kit = openCopilotKit([{ toolCalls: [SHOW_CHART] }, ANSWER]);
  const decided = Promise.withResolvers<string>();
  kit.offer("show_chart", () => decided.promise);

  const asked = kit.ask("Draw it, if I agree");
  await eventually(
    async () => kit.events.at(-1)?.type,
    (type) => type === "RUN_FINISHED",
  );
  expect(kit.lectern.openai.open).toBe(0); // nothing waits on our side meanwhile
  decided.resolve("refused");
  await asked;

  expect(kit.modelRequests.at(-1).messages.at(-1).content).toBe("refused");
});

test("stop closes the model's socket", async () => {
  const fault = { kind: "stall", afterTokens: 3 } as const;
  await using kit = openCopilotKit([{ ...ANSWER, fault }]);

  const asked = kit.ask("How much entropy has a coin?");
  await eventually(
    async () => JSON.stringify(kit.events),
    (events) => events.includes("coin "),
  );
  kit.core.stopAgent({ agent: kit.browser });
  await eventually(
    async () => kit.lectern.openai.aborted,
    (aborted) => aborted === 1,
  );
  await asked;
  expect(kit.lectern.openai.open).toBe(0);
});

test("an error of the model ends the run, and a tool's follow-up is not tried for ever", async () => {
  const refused: Reply = { fault: { kind: "status", status: 401 } };
  await using kit = openCopilotKit([{ toolCalls: [SHOW_CHART] }, refused]);
  kit.offer("show_chart", async () => "drawn");

  await kit.ask("Draw it").catch(() => {});

  expect(kit.events.at(-1)).toMatchObject({ type: "RUN_ERROR", code: "provider_unauthorized" });
  expect(JSON.stringify(kit.events.at(-1))).not.toContain("test server");
  expect(kit.runs).toBe(2);
  expect(kit.modelRequests).toHaveLength(2);
});

test("a thread goes on after an error", async () => {
  const cut: Reply = { ...ANSWER, fault: { kind: "cut", afterTokens: 3 } };
  await using kit = openCopilotKit([cut, ANSWER]);

  await kit.ask("How much entropy has a coin?").catch(() => {});
  await kit.ask("Again, please");

  const { messages } = kit.modelRequests.at(-1);
  expect(messages.map(({ role }: { role: string }) => role)).toEqual([
    ...["system", "user", "assistant", "user"],
  ]);
  expect(kit.browser.messages.at(-1)).toMatchObject({ content: ANSWER.text });
});

test("CopilotKit's button to regenerate gets another answer, also of an earlier question", async () => {
  const replies: Reply[] = [
    { toolCalls: [SEARCH] },
    ANSWER,
    ...["2", "3", "4"].map((text) => ({ text })),
  ];
  await using kit = openCopilotKit(replies);
  await kit.ask("How much entropy has a coin?");
  await kit.ask("And a die?");

  await kit.regenerate(5);
  expect(kit.browser.messages.at(-1)).toMatchObject({ content: "3" });
  expect(kit.modelRequests.at(-1).messages.map(({ role }: { role: string }) => role)).toEqual([
    ...["system", "user", "assistant", "tool", "assistant", "user"],
  ]);
  await kit.regenerate(3);

  expect(kit.browser.messages.map(({ content }) => content)).toEqual([
    ...["How much entropy has a coin?", "4"],
  ]);
  expect(kit.modelRequests.at(-1).messages).toHaveLength(2);
});

test("a page of CopilotKit opens the source that the model cites, and says so", async () => {
  const show = { name: "show_source", input: { citation: 1 } };
  await using kit = openCopilotKit([{ toolCalls: [SEARCH] }, { toolCalls: [show] }, ANSWER]);
  const opened: unknown[] = [];
  kit.core.addTool({
    name: "show_source",
    parameters: z.object({ citation: z.number() }),
    handler: async (input: unknown) => {
      opened.push(input);
      return { applied: true, at: "page 7" };
    },
  } as never);

  await kit.ask("Show me the slide about coins");

  expect(opened).toMatchObject([{ citation: 1, asset_id: document_id, page_number: 7 }]);
  expect(JSON.parse(kit.modelRequests.at(-1).messages.at(-1).content)).toMatchObject({
    applied: true,
    at: "page 7",
  });
  expect(kit.runs).toBe(2);
  expect(kit.browser.messages.at(-1)).toMatchObject({ content: ANSWER.text });
});
