import { afterAll, beforeAll, expect, test } from "bun:test";
import { revokeKey } from "../../../src/db/access/keys";
import { BOOTSTRAP, openGuardedApp } from "../../support/access";
import { createStudiedCourse } from "../../support/chat";
import { startOidc } from "../../support/oidc";
import { startOpenAI } from "../../support/openai";
import { eventually } from "../../support/waiting";

const LONG = { text: "word ".repeat(2_000) };
const openai = startOpenAI({ replies: () => LONG, paceMs: 20 });
const oidc = await startOidc();
const guarded = await openGuardedApp({
  OPENAI_BASE_URL: openai.url,
  OPENAI_API: "chat",
  CHAT_MODEL: "openai:gpt-test",
  EMBEDDING_MODEL: "openai:text-embedding-3-small",
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

test("a revocation by another process ends a stream within 10 seconds", async () => {
  const key = await createKey({ scopes: ["read"] });
  const reading = (await call("GET", "/api/events", key)).text();
  const began = performance.now();
  await revokeKey(db, idOf(key));
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
