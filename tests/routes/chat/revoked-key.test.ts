import { afterAll, beforeAll, expect, test } from "bun:test";
import { revokeKey } from "../../../src/db/access/keys";
import { BOOTSTRAP, OPERATOR, openGuardedApp } from "../../support/access";
import { createStudiedCourse } from "../../support/chat";
import { startGemini } from "../../support/gemini";
import { startOidc } from "../../support/oidc";
import { startOpenAI } from "../../support/openai";
import { deckPdf } from "../../support/pdfs";
import { eventually } from "../../support/waiting";

const LONG = { text: "word ".repeat(2_000) };
const openai = startOpenAI({ replies: () => LONG, paceMs: 20 });
const gemini = startGemini();
const oidc = await startOidc();
const guarded = await openGuardedApp({
  OPENAI_BASE_URL: openai.url,
  OPENAI_API: "chat",
  CHAT_MODEL: "openai:gpt-test",
  EMBEDDING_MODEL: "openai:text-embedding-3-small",
  GOOGLE_BASE_URL: gemini.url,
  GOOGLE_API_KEY: "test",
  OIDC_ISSUER: oidc.issuer,
  OIDC_AUDIENCE: "lectern",
});
const { db, call, postJson, createKey } = guarded;
let course_id = "";
beforeAll(async () => {
  ({ course_id } = await createStudiedCourse(db));
});
afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  await openai.close();
  await gemini[Symbol.asyncDispose]();
  await oidc[Symbol.asyncDispose]();
});

const question = () => ({ course_id, message: "What is entropy?" });
const STREAMS = {
  "an answer as AG-UI events": (key: string) => postJson("/api/chat/stream", question(), key),
  "an answer in OpenAI's form": (key: string) =>
    postJson(
      "/v1/chat/completions",
      {
        model: `course:${course_id}`,
        messages: [{ role: "user", content: "What is entropy?" }],
        stream: true,
      },
      key,
    ),
  "the feed of events": (key: string) => call("GET", "/api/events", key),
};

const idOf = (key: string) => key.split("_")[1]!;

test.each(Object.entries(STREAMS))("%s ends when its key is revoked", async (name, open) => {
  const key = await createKey({ scopes: ["read", "chat"] });
  const other = await createKey({ scopes: ["read", "chat"] });
  const response = await open(key);
  const reading = response.text();
  if (name !== "the feed of events")
    await eventually(
      async () => openai.open,
      (open) => open > 0,
    );
  await call("DELETE", `/api/keys/${idOf(other)}`, BOOTSTRAP);
  const first = await Promise.race([reading, Bun.sleep(300).then(() => "running")]);
  const revoked = await call("DELETE", `/api/keys/${idOf(key)}`, BOOTSTRAP);
  const text = await reading;

  expect(response.status).toBe(200);
  expect(first).toBe("running");
  expect(revoked.status).toBe(204);
  if (name === "the feed of events") expect(text).toContain("event: end");
  else expect(text).toContain("unauthenticated");
  // The answer has no reader, so the model is not paid for the rest.
  await eventually(
    async () => openai.open,
    (open) => open === 0,
  );
  expect((await open(key)).status).toBe(401);
});

test("an answer as one JSON object ends with 401 when its key is revoked", async () => {
  const key = await createKey({ scopes: ["chat"] });
  const pending = postJson("/api/chat", question(), key);
  await eventually(
    async () => openai.open,
    (open) => open > 0,
  );
  await call("DELETE", `/api/keys/${idOf(key)}`, BOOTSTRAP);

  expect((await pending).status).toBe(401);
});

/** A body whose client sends its beginning and then waits. */
const unfinished = (beginning: string) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(beginning)),
  });
const send = (method: string, path: string, type: string, beginning: string) => (key: string) =>
  call(method, path, key, { body: unfinished(beginning), headers: { "content-type": type } });
const FORM = "multipart/form-data; boundary=x";
const PART = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.4';

test.each([
  ["an upload of a PDF", send("POST", "/api/documents/upload", FORM, PART)],
  ["an upload of audio", send("POST", "/api/lectures/audio", FORM, PART)],
  ["a body of JSON", send("POST", "/api/courses", "application/json", '{"name":')],
  ["a question", send("POST", "/api/chat/stream", "application/json", '{"message":')],
  ["a call of MCP", send("POST", "/mcp", "application/json", '{"jsonrpc":')],
])("%s that is still arriving ends when its key is revoked", async (_, begin) => {
  const key = await createKey({ scopes: ["read", "chat", "ingest"] });
  const pending = begin(key);
  const first = await Promise.race([pending, Bun.sleep(100).then(() => "waiting")]);
  await call("DELETE", `/api/keys/${idOf(key)}`, BOOTSTRAP);
  const response = await pending;

  expect(first).toBe("waiting");
  expect(response.status).toBe(401);
  expect((await response.json()).code).toBe("unauthenticated");
});

test("a search ends when its key is revoked while the embedding is computed", async () => {
  const key = await createKey({ scopes: ["read"] });
  await db`update slide_chunks set embedding_model = 'openai:text-embedding-3-small',
    embedding = array_fill(0.025, array[1536])::halfvec where course_id = ${course_id}`;
  const asked = openai.requestsTo("/v1/embeddings").length;
  openai.embeddingFaults.push({ kind: "stall", afterTokens: 0 });
  const body = { course_id, query: crypto.randomUUID(), mode: "vector" };
  const pending = postJson("/api/retrieval/query", body, key);
  await eventually(
    async () => openai.requestsTo("/v1/embeddings").length,
    (count) => count > asked,
  );
  await call("DELETE", `/api/keys/${idOf(key)}`, BOOTSTRAP);

  expect((await pending).status).toBe(401);
});

test("describing a deck ends when its key is revoked, and keeps what it has", async () => {
  const key = await createKey({ scopes: ["read", "ingest"] });
  const pages = [1, 2, 3].map((n) => ({ title: `Page ${n}`, body: ["Entropy"] }));
  const form = new FormData();
  form.set("course_id", course_id);
  form.set("file", new File([new Uint8Array(await deckPdf(pages))], "deck.pdf"));
  const uploaded = await call("POST", "/api/documents/upload", key, { body: form });
  const { document_id } = await uploaded.json();
  gemini.spoil(2, 2, { kind: "stall" });
  const pending = call("POST", `/api/documents/${document_id}/describe`, key);
  await eventually(
    async () => gemini.described.size,
    (size) => size === 2,
    20_000,
  );
  await call("DELETE", `/api/keys/${idOf(key)}`, BOOTSTRAP);
  const response = await pending;

  expect(response.status).toBe(401);
  const listed = await call("GET", `/api/documents/${document_id}/pages`, BOOTSTRAP);
  expect(
    (await listed.json()).items.map(({ page_number }: { page_number: number }) => page_number),
  ).toEqual([1, 3]);
});

test("a revocation by another process ends a stream within 10 seconds", async () => {
  const key = await createKey({ scopes: ["read"] });
  const reading = (await call("GET", "/api/events", key)).text();
  const began = performance.now();
  await revokeKey(db, idOf(key), OPERATOR);
  await reading;

  expect(performance.now() - began).toBeLessThan(10_000);
  expect((await call("GET", "/api/courses", key)).status).toBe(401);
});

test("a stream ends when its token expires", async () => {
  // 30 s of clock tolerance: the token is accepted for two more seconds.
  const token = await oidc.token({ scope: "read", exp: Math.floor(Date.now() / 1_000) - 28 });
  const response = await call("GET", "/api/events", token);

  expect(response.status).toBe(200);
  expect(await response.text()).toContain("event: end");
});

test("the use of a key is recorded", async () => {
  const key = await createKey({ scopes: ["read"] });
  await call("GET", "/api/courses", key);

  await eventually(
    async () => (await (await call("GET", "/api/keys", BOOTSTRAP)).json()).items,
    (items: { key_id: string; last_used_at: string | null }[]) =>
      items.some(({ key_id, last_used_at }) => key_id === idOf(key) && last_used_at !== null),
    10_000,
  );
});
