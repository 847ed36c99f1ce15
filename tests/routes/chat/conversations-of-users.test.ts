import { afterAll, describe, expect, test } from "bun:test";
import { BOOTSTRAP, openGuardedApp } from "../../support/access";
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

const askInThread = async (key: string, threadId: string) =>
  (await ask(key, {}, guarded, threadId)).status;

/** Begins a conversation; the model fails without a provider, but the question is stored. */
async function ask(
  key: string,
  headers: Record<string, string> = {},
  app = guarded,
  threadId: string = crypto.randomUUID(),
) {
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

  test("has a thread of their own under a name that others use too", async () => {
    const [mine, theirs] = [await askInThread(ann, "main"), await askInThread(ben, "main")];

    expect([mine, theirs]).toEqual([200, 200]);
    const named = async (key: string) => {
      const response = await call("GET", `/api/chat/sessions?course_id=${course_id}`, key);
      const { items } = (await response.json()) as { items: { thread_id: string | null }[] };
      return items.filter(({ thread_id }) => thread_id === "main").length;
    };
    expect([await named(ann), await named(ben)]).toEqual([1, 1]);
    expect(await askInThread(ann, "main")).toBe(200);
    expect(await named(ann)).toBe(1);
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
  const named = (subject: string) => ({ "x-user-id": `${subject}@uni.example` });
  const listFor = async (key: string, headers: Record<string, string>) => {
    const path = `/api/chat/sessions?course_id=${course_id}`;
    const response = await call("GET", path, key, { headers });
    return (await response.json()).items.map(({ id }: { id: string }) => id);
  };

  test("owns the conversation: the key finds, reads, continues and deletes it for this user only", async () => {
    const key = await createKey({ scopes: ["chat"], course_ids: [course_id] });
    const { id } = await ask(key, named("ann"));
    const other = await ask(key, named("ben"));
    const unnamed = await ask(key);
    const paths = [`/api/chat/sessions/${id}`, `/api/chat/sessions/${id}/export`];
    const next = { course_id, session_id: id, message: "And then?" };

    expect(await userOf(id)).toEqual({
      issuer: "x-user-id",
      subject: "ann@uni.example",
      email: null,
    });
    expect(await listFor(key, named("ann"))).toEqual([id]);
    expect(await listFor(key, named("ben"))).toEqual([other.id]);
    for (const stranger of [named("ben"), named("never-seen"), {}]) {
      for (const path of paths) {
        expect((await call("GET", path, key, { headers: stranger })).status).toBe(404);
        expect((await call("HEAD", path, key, { headers: stranger })).status).toBe(404);
      }
      expect((await postJson("/api/chat", next, key, stranger)).status).toBe(404);
      expect((await postJson("/api/chat/stream", next, key, stranger)).status).toBe(404);
      const deleted = await call("DELETE", paths[0]!, key, { headers: stranger });
      expect(deleted.status).toBe(404);
    }
    for (const path of paths) {
      expect((await call("GET", path, key, { headers: named("ann") })).status).toBe(200);
    }
    // A user of the login with the same name is another person.
    expect((await call("GET", paths[0]!, ann)).status).toBe(404);
    expect(await list(key)).toContain(unnamed.id);
    expect(await list(key)).not.toContain(id);
    expect((await call("GET", `/api/chat/sessions/${unnamed.id}`, key)).status).toBe(200);
    const deleted = await call("DELETE", paths[0]!, key, { headers: named("ann") });
    expect(deleted.status).toBe(204);
  });

  test("keys without it reach no conversation of a user of the login or of a share link", async () => {
    const key = await createKey({ scopes: ["chat", "read", "ingest"] });
    const { id } = await ask(ann);
    const created = await postJson("/api/share-links", { course_id }, BOOTSTRAP);
    const shared = await ask((await created.json()).url.split("#key=")[1]);

    for (const one of [id, shared.id]) {
      expect((await call("GET", `/api/chat/sessions/${one}`, key)).status).toBe(404);
      expect(await list(key)).not.toContain(one);
      expect((await call("GET", `/api/chat/sessions/${one}`, BOOTSTRAP)).status).toBe(200);
    }
  });

  test("limits an admin key to the conversations of this user", async () => {
    const { id } = await ask(BOOTSTRAP, named("carl"));

    expect(await listFor(BOOTSTRAP, named("carl"))).toEqual([id]);
    expect(await list(BOOTSTRAP)).toContain(id);
    const asDora = await call("GET", `/api/chat/sessions/${id}`, BOOTSTRAP, {
      headers: named("dora"),
    });
    expect(asDora.status).toBe(404);
  });

  test("separates the stored responses of an Idempotency-Key", async () => {
    const key = await createKey({ scopes: ["chat"] });
    const send = (subject: string) =>
      postJson("/api/chat", { course_id, message: "What is entropy?" }, key, {
        ...named(subject),
        "idempotency-key": "same",
      });
    const [first, again, other] = [await send("ann"), await send("ann"), await send("ben")];
    const ids = await Promise.all(
      [first, again, other].map(async (sent) => (await sent.json()).session_id),
    );

    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test("is refused with more than 200 characters", async () => {
    const key = await createKey({ scopes: ["chat"] });

    expect((await ask(key, { "x-user-id": "x".repeat(201) })).status).toBe(422);
  });
});
