import { afterAll, expect, test } from "bun:test";
import { upsertUser } from "../../src/db/access/users";
import { BOOTSTRAP, openGuardedApp } from "../support/access";
import { createCourse, createDocument } from "../support/factories";

const guarded = await openGuardedApp();
const { db, call, postJson, createKey } = guarded;
afterAll(() => guarded[Symbol.asyncDispose]());

const course_id = await createCourse(db);

/** A person with a conversation and a personal document. */
async function createPerson(subject: string) {
  const email = `${subject}@uni.example`;
  const user_id = await upsertUser(db, { issuer: "i", subject, email, display_name: subject });
  const [session] = await db<{ id: string }[]>`
    insert into chat_sessions (course_id, user_id) values (${course_id}, ${user_id}) returning id`;
  await db`insert into chat_messages (session_id, role, content)
    values (${session!.id}, 'user', ${`question of ${subject}`})`;
  const { document_id } = await createDocument(db, course_id);
  await db`update documents set owner_id = ${user_id} where id = ${document_id}`;
  return { user_id, session_id: session!.id, document_id };
}

const exported = async (id: string) => {
  const response = await call("GET", `/api/users/${id}/export`, BOOTSTRAP);
  return { status: response.status, body: await response.json() };
};

test("the data of one person is found, exported and erased, and that of others stays", async () => {
  const ann = await createPerson("ann");
  const ben = await createPerson("ben");
  const found = await (await call("GET", "/api/users?email=ANN@uni.example", BOOTSTRAP)).json();
  expect(found.items.map(({ id }: { id: string }) => id)).toEqual([ann.user_id]);

  const { body } = await exported(ann.user_id);
  expect(body.user.email).toBe("ann@uni.example");
  expect(body.conversations[0].messages[0].content).toBe("question of ann");
  expect(body.assets.map(({ id }: { id: string }) => id)).toEqual([ann.document_id]);
  expect(JSON.stringify(body)).not.toContain("ben");

  expect((await call("DELETE", `/api/users/${ann.user_id}`, BOOTSTRAP)).status).toBe(204);
  const after = await exported(ann.user_id);
  expect(JSON.stringify(after.body)).not.toContain("ann");
  expect([after.body.conversations, after.body.assets]).toEqual([[], []]);
  for (const path of [`/api/chat/sessions/${ann.session_id}`, `/api/documents/${ann.document_id}`])
    expect((await call("GET", path, BOOTSTRAP)).status).toBe(404);
  expect((await exported(ben.user_id)).body.conversations).toHaveLength(1);
  expect((await call("GET", `/api/documents/${ben.document_id}`, BOOTSTRAP)).status).toBe(200);
});

test("a question after the erasure belongs to a new person, who can be found and erased", async () => {
  const key = await createKey({ scopes: ["chat", "read"] });
  const ask = async () => {
    const question = { course_id, message: "What is entropy?" };
    const sent = await postJson("/api/chat", question, key, { "x-user-id": "cleo" });
    return (await sent.json()).session_id as string;
  };
  const idOfCleo = async () => {
    const found = await (await call("GET", "/api/users?subject=cleo", BOOTSTRAP)).json();
    return found.items[0]?.id as string | undefined;
  };
  await ask();
  const former = await idOfCleo();
  await call("DELETE", `/api/users/${former!.toUpperCase()}`, BOOTSTRAP);
  expect(await idOfCleo()).toBeUndefined();

  const session_id = await ask();
  const cleo = await idOfCleo();
  expect(cleo).not.toBe(former);
  expect((await exported(cleo!)).body.conversations).toMatchObject([{ id: session_id }]);
});

test("an unknown person is 404, and only admins export and erase", async () => {
  const { user_id } = await createPerson("carl");
  const key = await createKey({ scopes: ["read", "ingest", "chat"] });

  expect((await exported(crypto.randomUUID())).body.code).toBe("user_not_found");
  const unknown = `/api/users/${crypto.randomUUID()}`;
  expect((await call("DELETE", unknown, BOOTSTRAP)).status).toBe(404);
  for (const [method, path] of [
    ["GET", `/api/users/${user_id}/export`],
    ["DELETE", `/api/users/${user_id}`],
    ["GET", "/api/users"],
  ] as const)
    expect((await call(method, path, key)).status).toBe(403);
  expect((await exported(user_id)).body.conversations).toHaveLength(1);
});
