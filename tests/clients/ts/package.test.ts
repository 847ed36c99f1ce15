// One engine: the subject is the package as npm installs it.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createLecternClient,
  type DocumentAccepted,
  dataOf,
  waitForDocument,
  waitForLecture,
} from "@lectern/client";
import { version } from "../../../package.json";
import { buildClient } from "../../../scripts/build-client";
import { openServerHost, type Server } from "../../support/server";
import { openValidatingProxy, type ValidatingProxy } from "../../support/validating-proxy";

/**
 * The client as `npm pack` makes it, in a folder outside the project; and the whole journey through a
 * proxy that compares each response with docs/openapi.json.
 */
setDefaultTimeout(180_000);

const ROOT = join(import.meta.dir, "../../..");
const DECK = join(ROOT, "examples/course/slides.pdf");
const NODE = Bun.which("node") ?? process.execPath;

const host = await openServerHost();
let server: Server;
let proxy: ValidatingProxy;
let folder: string;

beforeAll(async () => {
  server = await host.start();
  proxy = await openValidatingProxy(server.url);
  folder = await mkdtemp(join(tmpdir(), "lectern-client-"));
});
afterAll(async () => {
  proxy?.[Symbol.dispose]();
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const run = async (cmd: string[], cwd: string) => {
  const child = Bun.spawn(cmd, { cwd, stdout: "pipe", stderr: "pipe" });
  const out = new Response(child.stdout).text();
  const err = new Response(child.stderr).text();
  return { exitCode: await child.exited, out: await out, err: await err };
};

test("the packed client compiles in a strict project, and does the journey in Node.js", async () => {
  await buildClient();
  const pack = ["npm", "pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const packed = await run(pack, join(ROOT, "clients/ts"));
  expect(packed.exitCode, packed.err).toBe(0);
  const [{ filename, files, version: packedVersion }] = JSON.parse(packed.out);
  expect(packedVersion).toBe(version);
  expect(files.map(({ path }: { path: string }) => path)).toContain("dist/index.js");

  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "@lectern/client"), { recursive: true });
  const unpack = ["tar", "-xzf", filename, "-C", "node_modules/@lectern/client"];
  expect((await run([...unpack, "--strip-components=1"], folder)).exitCode).toBe(0);
  // The registry is not asked in tests.
  for (const name of [
    "openapi-fetch",
    "openapi-typescript-helpers",
    "eventsource-parser",
    "@types",
  ])
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  await cp(join(import.meta.dir, "journey.ts"), join(folder, "journey.ts"));
  await Bun.write(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await Bun.write(join(folder, "tsconfig.json"), JSON.stringify(STRICT));

  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const compiled = await run([process.execPath, tsc], folder);
  expect([compiled.exitCode, compiled.out]).toEqual([0, ""]);

  const journey = await run([NODE, "journey.js", proxy.url, DECK], folder);
  await proxy.checked();

  expect(journey.err).toBe("");
  expect(JSON.parse(journey.out)).toEqual({
    status: "completed",
    pages: 13,
    hasAnswer: true,
    source: [206, "%PDF-"],
    courses: ["Information theory"],
    removed: 204,
    missing: "course_not_found",
  });
  expect(proxy.violations).toEqual([]);
  const expected = [
    "createCourse 201",
    "uploadDocument 202",
    "getDocument 200",
    "streamAnswer 200",
    "getVersionFile 206",
    "deleteCourse 204",
    "getCourse 404",
  ];
  expect(expected.filter((one) => !proxy.seen.has(one))).toEqual([]);
});

const STRICT = {
  compilerOptions: {
    target: "ES2024",
    module: "NodeNext",
    lib: ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
  },
  files: ["journey.ts"],
};

test("each kind of response is as docs/openapi.json describes it", async () => {
  const lectern = createLecternClient({ baseUrl: proxy.url });
  const created = lectern.POST("/api/courses", { body: { name: "Coins" } });
  const { id: course_id } = await dataOf(created);
  const file = new File(["WEBVTT\n\n00:00.000 --> 00:04.000\nA coin has one bit."], "coin.vtt");
  const form = { course_id, file, title: "Coins", media_url: "https://example.org/coins.mp4" };
  const imported = await dataOf(lectern.POST("/api/lectures/transcript", { body: form }));
  const deck = new File([await Bun.file(DECK).bytes()], "slides.pdf");
  const uploaded = await dataOf(
    lectern.POST("/api/documents/upload", { body: { course_id, file: deck } }),
  );
  const again = await lectern.POST("/api/documents/upload", { body: { course_id, file: deck } });
  const [lecture, document] = await Promise.all([
    waitForLecture(lectern, imported.lecture_id, { intervalMs: 100 }),
    waitForDocument(lectern, (uploaded as DocumentAccepted).document_id, { intervalMs: 100 }),
  ]);
  expect([lecture.status, document.status, again.response.status]).toEqual([
    "completed",
    "completed",
    200,
  ]);

  const ask = { course_id, message: "How many bits has a coin?" };
  const { session_id } = await dataOf(lectern.POST("/api/chat", { body: ask }));
  const model = `course:${course_id}`;
  const completion = { model, messages: [{ role: "user", content: ask.message }] };
  const etag = (await fetch(proxy.url + document.url, { method: "GET" })).headers.get("etag")!;
  const ofLecture = `/api/lectures/${lecture.id}`;
  const ofDocument = `/api/documents/${document.id}`;
  const requests: [string, RequestInit?][] = [
    ...["", "/status", "/events", "/usage", "/transcript?segments=true&words=true"].map(
      (path): [string] => [ofLecture + path],
    ),
    ...["txt", "vtt", "srt"].map((kind): [string] => [`${ofLecture}/transcript?format=${kind}`]),
    [`${ofLecture}/transcript/view`],
    ...["", "/status", "/events", "/usage", "/pages", "/chunks", "/versions", "/file"].map(
      (path): [string] => [ofDocument + path],
    ),
    [`${ofDocument}/file`, { headers: { range: "bytes=0-9" } }],
    [`${ofDocument}/file`, { headers: { range: "bytes=99999999-" } }],
    [`${ofDocument}/file`, { headers: { "if-none-match": etag } }],
    [`${ofDocument}/pages/1/image`],
    [`${ofDocument}/pages/99/image`],
    [`${ofDocument}/retry`, { method: "POST" }],
    [`${ofDocument}/describe`, { method: "POST" }],
    ...["lectures", "documents", "courses", "jobs", "keys", "users", "audit", "health"].map(
      (path): [string] => [`/api/${path}`],
    ),
    [`/api/courses/${course_id}/assets`],
    [`/api/courses/${course_id}/usage`],
    ["/metrics"],
    ["/api/agui/config"],
    ["/api/chat/capabilities"],
    [`/api/chat/sessions?course_id=${course_id}`],
    [`/api/chat/sessions/${session_id}`],
    [`/api/chat/sessions/${session_id}/export`],
    ["/api/chat/stream", json({})],
    ["/api/chat/stream", json(ask)],
    ["/api/retrieval/query", json({ course_id, query: ask.message })],
    ["/api/signed-urls", json({ urls: [document.url] })],
    ["/v1/models"],
    [`/v1/models/${model}`],
    ["/v1/models/nope"],
    ["/v1/chat/completions", json(completion)],
    ["/v1/chat/completions", json({ ...completion, stream: true })],
    ["/v1/chat/completions", json({ ...completion, n: 2 })],
    ["/v1/responses", json({ model, input: ask.message })],
    ["/v1/responses", json({ model, input: ask.message, stream: true })],
    ["/v1/responses", json({ model, input: ask.message, background: true })],
    ["/mcp", json({ jsonrpc: "2.0", id: 1, method: "tools/list" }, MCP)],
    ["/mcp", json({ jsonrpc: "2.0", method: "notifications/initialized" }, MCP)],
    ["/mcp", json({ id: 1 }, MCP)],
    [`/api/chat/sessions/${session_id}`, { method: "DELETE" }],
    [ofLecture, { method: "DELETE" }],
    [ofDocument, { method: "DELETE" }],
    [ofDocument],
    ["/api/courses", { method: "POST", body: "{", headers: { "content-type": "text/plain" } }],
  ];
  for (const [path, init] of requests) await (await fetch(proxy.url + path, init)).text();
  await proxy.checked();

  expect(proxy.violations).toEqual([]);
  const expected = [
    "getDocumentFile 206",
    "getDocumentFile 304",
    "getDocumentFile 416",
    "getCapabilities 200",
    "callMcp 202",
    "getModel 404",
    "deleteSession 204",
    "createCourse 415",
  ];
  expect(expected.filter((one) => !proxy.seen.has(one))).toEqual([]);
});

const MCP = { accept: "application/json, text/event-stream" };
const json = (body: object, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});

test("the proxy finds a response that the document does not allow", async () => {
  using other = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) =>
      url.endsWith("/courses")
        ? Response.json({ items: [{ id: 1 }] })
        : new Response("teapot", { status: 203 }),
  });
  using strict = await openValidatingProxy(`http://127.0.0.1:${other.port}`);
  await fetch(`${strict.url}/api/courses`);
  await fetch(`${strict.url}/api/health`);
  await strict.checked();

  expect(strict.violations.join("\n")).toContain("next_cursor");
  expect(strict.violations).toContain("GET /api/health: status 203 is not documented");
});
