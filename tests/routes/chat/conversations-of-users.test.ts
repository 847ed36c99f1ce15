import { afterAll, describe, expect, test } from "bun:test";
import { openGuardedApp } from "../../support/access";
import { createCourse } from "../../support/factories";
import { startOidc } from "../../support/oidc";

const oidc = await startOidc();
const login = { OIDC_ISSUER: oidc.issuer, OIDC_AUDIENCE: "lectern", OIDC_COURSES_CLAIM: "courses" };
const guarded = await openGuardedApp(login);
const { db, call, postJson, createKey } = guarded;
afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  await oidc[Symbol.asyncDispose]();
});

const course_id = await createCourse(db);
const tokenOf = (sub: string, scope = "read chat") =>
  oidc.token({ sub, scope, courses: [course_id], email: `${sub}@uni.example`, name: sub });
const ann = await tokenOf("ann");
const ben = await tokenOf("ben");
const teacher = await tokenOf("teacher", "read ingest chat");
const admin = await tokenOf("admin", "admin");

/** Begins a conversation; the model fails without a provider, but the question is stored. */
async function ask(key: string, headers: Record<string, string> = {}, app = guarded) {
  const threadId = crypto.randomUUID();
  const response = await app.postJson(
    "/api/chat/stream",
    {
      threadId,
      runId: crypto.randomUUID(),
      messages: [{ id: crypto.randomUUID(), role: "user", content: "What is entropy?" }],
      forwardedProps: { course_id },
    },
    key,
    headers,
  );
  await response.text();
  return { status: response.status, id: threadId };
}
const list = async (key: string, app = guarded): Promise<string[]> => {
  const response = await app.call("GET", `/api/chat/sessions?course_id=${course_id}`, key);
  return (await response.json()).items.map(({ id }: { id: string }) => id);
};
const userOf = async (id: string) => {
  const [row] = await db<{ issuer: string; subject: string; email: string | null }[]>`
    select u.issuer, u.subject, u.email from chat_sessions s join users u on u.id = s.user_id
    where s.id = ${id}`;
  return row;
};

describe("a user of the login", () => {
  test("finds, reads, continues and deletes only their own conversations", async () => {
    const { id } = await ask(ann);
    const message = { course_id, session_id: id, message: "And then?" };

    expect(await userOf(id)).toEqual({
      issuer: oidc.issuer,
      subject: "ann",
      email: "ann@uni.example",
    });
    expect(await list(ann)).toContain(id);
    expect(await list(ben)).not.toContain(id);
    expect((await call("GET", `/api/chat/sessions/${id}`, ann)).status).toBe(200);
    for (const stranger of [ben, teacher]) {
      expect((await call("GET", `/api/chat/sessions/${id}`, stranger)).status).toBe(404);
      expect((await call("GET", `/api/chat/sessions/${id}/export`, stranger)).status).toBe(404);
      expect((await call("DELETE", `/api/chat/sessions/${id}`, stranger)).status).toBe(404);
      expect((await postJson("/api/chat", message, stranger)).status).toBe(404);
    }
    expect((await call("DELETE", `/api/chat/sessions/${id}`, ann)).status).toBe(204);
  });

  test("cannot pretend to be another with X-User-Id", async () => {
    const { id } = await ask(ben, { "x-user-id": "ann" });

    expect(await userOf(id)).toMatchObject({ issuer: oidc.issuer, subject: "ben" });
  });

  test("who administrates reaches all conversations", async () => {
    const { id } = await ask(ann);

    expect(await list(admin)).toContain(id);
    expect((await call("DELETE", `/api/chat/sessions/${id}`, admin)).status).toBe(204);
  });
});

test("teachers read the conversations of their courses if the setting allows it, without names", async () => {
  await using open = await openGuardedApp({ ...login, TEACHERS_SEE_QUESTIONS: "true" });
  const [row] = await open.db<{ id: string }[]>`
    insert into courses (id, name) values (${course_id}, 'Information theory') returning id`;
  expect(row!.id).toBe(course_id);
  const { id } = await ask(ann, {}, open as typeof guarded);
  const read = await open.call("GET", `/api/chat/sessions/${id}`, teacher);
  const text = await read.text();

  expect(await list(teacher, open as typeof guarded)).toContain(id);
  expect(text).toContain("What is entropy?");
  expect(text).not.toMatch(/\bann\b|uni\.example/);
  expect((await open.call("GET", `/api/chat/sessions/${id}`, ben)).status).toBe(404);
  expect((await open.call("DELETE", `/api/chat/sessions/${id}`, teacher)).status).toBe(404);
  const elsewhere = await oidc.token({ sub: "t2", scope: "read ingest chat", courses: [] });
  expect((await open.call("GET", `/api/chat/sessions/${id}`, elsewhere)).status).toBe(404);
});

describe("X-User-Id of a key's holder", () => {
  test("is stored with the conversation, and changes no rights", async () => {
    const key = await createKey({ scopes: ["chat"], course_ids: [course_id] });
    const first = await ask(key, { "x-user-id": "ann@uni.example" });
    const second = await ask(key, { "x-user-id": "ben@uni.example" });

    expect(await userOf(first.id)).toEqual({
      issuer: "x-user-id",
      subject: "ann@uni.example",
      email: null,
    });
    expect(await list(key)).toEqual(expect.arrayContaining([first.id, second.id]));
    expect((await call("GET", `/api/chat/sessions/${first.id}`, ann)).status).toBe(404);
  });

  test("is refused with more than 200 characters", async () => {
    const key = await createKey({ scopes: ["chat"] });

    expect((await ask(key, { "x-user-id": "x".repeat(201) })).status).toBe(422);
  });
});
