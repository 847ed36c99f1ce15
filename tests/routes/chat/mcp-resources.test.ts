import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Elysia } from "elysia";
import { OpenAI } from "../../../src/providers/openai";
import { mcpRoutes } from "../../../src/routes/chat/mcp";
import { originGuard } from "../../../src/routes/http/own-origin";
import { problems } from "../../../src/routes/http/problems";
import { withDatabase } from "../../support/database";
import { silentLog } from "../../support/factories";
import { guardWithKey, keylessGuard } from "../../support/guard";
import { startOpenAI } from "../../support/openai";
import { insertDeck, insertTalk } from "../../support/talks";

setDefaultTimeout(60_000);

const db = await withDatabase();
const openai = startOpenAI();
const servers: { stop(closeActive: boolean): Promise<void> }[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop(true);
  await openai.close();
});

function serve(key?: string): string {
  const provider = new OpenAI({ baseUrl: openai.url, apiKey: "test", api: "chat" });
  const embedder = provider.embedder("text-embedding-3-small");
  const app = new Elysia()
    .use(problems(silentLog, () => ["POST"]))
    .use(originGuard({ HOST: "127.0.0.1", PUBLIC_URL: undefined, CORS_ORIGINS: [] }))
    .use(key ? guardWithKey(db, key) : keylessGuard(db))
    .use(mcpRoutes({ db, embedder, reranker: null, log: silentLog, config: {} }))
    .listen({ hostname: "127.0.0.1", port: 0 });
  servers.push(app.server!);
  return `http://127.0.0.1:${app.server!.port}/mcp`;
}

const address = serve();
const [{ id: course_id }, { id: other_id }] = (await db<{ id: string }[]>`
  insert into courses (name) values ('Coins'), ('Other') returning id`) as unknown as [
  { id: string },
  { id: string },
];
const PAGES = ["A fair coin has one bit.", "Two coins have two bits."];
const pages = PAGES.map((text) => ({ title: "Coins", text }));
const document_id = await insertDeck(db, course_id, pages);
const other = await insertDeck(db, other_id, pages);
const lecture_id = await insertTalk(db, course_id, [
  { start_ms: 0, end_ms: 4_000, text: "A coin has one bit." },
]);

async function connect(query = "", url = address, headers: Record<string, string> = {}) {
  const client = new Client({ name: "test", version: "1" });
  const options = { requestInit: { headers } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url + query), options));
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => null,
    ({ code, data }) => ({ code, data }),
  );

describe("resources", () => {
  test("list the decks and transcripts of the fixed course, page after page", async () => {
    await using mcp = await connect(`?course_id=${course_id}`);
    const first = await mcp.client.listResources();
    const second = await mcp.client.listResources({ cursor: first.nextCursor! });

    expect(first.resources).toMatchObject([
      { uri: `lectern://documents/${document_id}`, title: "deck.pdf", mimeType: "text/markdown" },
    ]);
    expect(second.resources).toMatchObject([
      { uri: `lectern://lectures/${lecture_id}/transcript`, mimeType: "text/vtt" },
    ]);
    expect(second.nextCursor).toBeUndefined();
    for (const cursor of ["!!", "documents:!!", "courses:x"]) {
      const refused = { code: -32_602, data: { code: "request_invalid" } };
      expect(await failure(mcp.client.listResources({ cursor }))).toEqual(refused);
    }
    const { resourceTemplates } = await mcp.client.listResourceTemplates();
    expect(resourceTemplates).toHaveLength(3);
  });

  test("give the text of a transcript, a deck and a page", async () => {
    await using mcp = await connect();
    const read = async (path: string) =>
      (await mcp.client.readResource({ uri: `lectern://${path}` })).contents[0];

    expect(await read(`lectures/${lecture_id}/transcript`)).toMatchObject({
      mimeType: "text/vtt",
      text: expect.stringContaining("00:00:00.000 --> 00:00:04.000\nA coin has one bit."),
    });
    expect(await read(`documents/${document_id}`)).toMatchObject({
      mimeType: "text/markdown",
      text: `## Page 1\n\n${PAGES[0]}\n\n## Page 2\n\n${PAGES[1]}\n`,
    });
    expect(await read(`documents/${document_id}/pages/2`)).toMatchObject({
      text: `## Page 2\n\n${PAGES[1]}\n`,
    });
  });

  test("of another course, of no course and with a wrong address do not exist", async () => {
    await using mcp = await connect(`?course_id=${course_id}`);
    const missing = { code: -32_002, data: { code: "document_not_found" } };
    const read = (uri: string) => failure(mcp.client.readResource({ uri }));

    expect(await read(`lectern://documents/${other}`)).toMatchObject(missing);
    expect(await read(`lectern://documents/${crypto.randomUUID()}`)).toMatchObject(missing);
    expect(await read(`lectern://documents/${document_id}/pages/99`)).toMatchObject({
      data: { code: "page_not_found" },
    });
    for (const uri of ["lectern://courses", `lectern://documents/${document_id}/pages/0`, "x"]) {
      expect(await read(uri)).toMatchObject({ code: -32_002 });
    }
  });
});

test("prompts name the course unless it is fixed, and fill in the question", async () => {
  await using all = await connect();
  await using fixed = await connect(`?course_id=${course_id}`);
  const [prompt] = (await all.client.listPrompts()).prompts;
  const [without] = (await fixed.client.listPrompts()).prompts;
  const args = { question: "What is a bit?" };
  const filled = await fixed.client.getPrompt({ name: "answer_from_course", arguments: args });

  expect(prompt).toMatchObject({ name: "answer_from_course", title: "Answer from the course" });
  expect(prompt?.arguments?.map(({ name }) => name)).toEqual(["question", "course_id"]);
  expect(without?.arguments?.map(({ name }) => name)).toEqual(["question"]);
  expect(JSON.stringify(filled.messages)).toContain("What is a bit?");
});

test("tools have titles, and no capability announces changes", async () => {
  await using mcp = await connect();
  const { tools } = await mcp.client.listTools();

  expect(tools.filter(({ name, title }) => !title || title === name)).toEqual([]);
  expect(mcp.client.getServerCapabilities()).toEqual({
    tools: { listChanged: false },
    prompts: { listChanged: false },
    resources: { listChanged: false },
  });
});

test.each([
  ["application/json", "application/json"],
  ["*/*", "application/json"],
  ["text/html", "application/json"],
  ["application/json, text/event-stream", "application/json"],
  ["text/event-stream", "text/event-stream"],
])("a client that accepts %s gets %s", async (accept, type) => {
  const response = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", accept },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  });
  const text = await response.text();

  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toStartWith(type);
  const json = type === "application/json" ? text : text.replace("event: message\ndata: ", "");
  expect(JSON.parse(json)).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
});

test("a server with keys takes a key in either header, and no other", async () => {
  const guarded = serve("lk_right");
  const sent: Record<string, string>[] = [
    { authorization: "Bearer lk_right" },
    { "x-api-key": "lk_right" },
  ];
  for (const headers of sent) {
    await using mcp = await connect("", guarded, headers);
    expect((await mcp.client.listTools()).tools).not.toBeEmpty();
  }
  const refused = await fetch(guarded, { method: "POST", body: "{}" });

  expect(refused.status).toBe(401);
  expect(refused.headers.get("www-authenticate")).toStartWith("Bearer");
});

/** The other scenarios call tools, prompts and resources that only the suite's own example server has. */
const SCENARIOS = [
  "server-initialize",
  "ping",
  "tools-list",
  "tools-call-error",
  "server-sse-multiple-streams",
  "resources-list",
  "prompts-list",
  "dns-rebinding-protection",
];

test("the applicable scenarios of the protocol's conformance suite pass", async () => {
  const output = await mkdtemp(join(tmpdir(), "lectern-mcp-"));
  const suite = "node_modules/@modelcontextprotocol/conformance/dist/index.js";
  const program = join(import.meta.dir, "../../..", suite);
  const failed: string[] = [];
  for (const scenario of SCENARIOS) {
    const flags = ["server", "--url", address, "--scenario", scenario, "--output-dir", output];
    const child = Bun.spawn([process.execPath, program, ...flags], { stdout: "pipe" });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) failed.push(`${scenario}: ${text}`);
  }
  await rm(output, { recursive: true, force: true });

  expect(failed).toEqual([]);
});
