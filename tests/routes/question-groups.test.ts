import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { listOpenQuestions } from "../../src/db/chat/open-questions";
import { BOOTSTRAP, openGuardedApp } from "../support/access";
import { createCourse } from "../support/factories";

setDefaultTimeout(60_000);

const guarded = await openGuardedApp();
const { db, call, postJson, createKey } = guarded;
afterAll(() => guarded[Symbol.asyncDispose]());

const course_id = await createCourse(db);
const website = await createKey({ scopes: ["read", "chat"], course_ids: [course_id] });
const teacher = await createKey({ scopes: ["read", "ingest"], course_ids: [course_id] });

const ask = async (message: string, user?: string, course = course_id) => {
  const headers: Record<string, string> = user ? { "x-user-id": user } : {};
  const key = course === course_id ? website : BOOTSTRAP;
  const response = await postJson("/api/chat", { course_id: course, message }, key, headers);
  expect(response.status).toBe(200);
  return response.json();
};
const list = async (key = teacher, course = course_id, query = "") => {
  const response = await call("GET", `/api/courses/${course}/question-groups${query}`, key);
  return { status: response.status, body: await response.json() };
};

beforeAll(async () => {
  // A course without material refuses every question.
  await ask("What is the entropy of a source?", "ann");
  await ask("How large is the entropy of a coin?", "bob");
  await ask("Why does entropy grow? I am Cyd from Bonn.", "cyd");
  await ask("Where is the football match?", "ann");
  await ask("When does the football match begin?", "bob");
  for (const hour of [1, 2, 3]) await ask(`Does the library open at ${hour}?`, "ann");
  for (const n of [1, 2, 3, 4]) await ask(`Where can I buy parking ticket ${n}?`);
});

test("questions of three people are a group, with the words that three people used only", async () => {
  const { status, body } = await list();

  expect(status).toBe(200);
  expect(body).toEqual({
    groups: [{ words: ["entropy"], people: 3, refused: 3, rated_down: 0, examples: null }],
  });
});

test("administrators see examples", async () => {
  const { body } = await list(BOOTSTRAP);

  expect(body.groups).toHaveLength(1);
  expect(body.groups[0].examples).toHaveLength(3);
  expect(body.groups[0].examples).toContain("What is the entropy of a source?");
});

test("badly rated answers count, good and well rated ones do not", async () => {
  const course = await createCourse(db);
  for (const [user, rating] of [
    ["ann", "down"],
    ["bob", "down"],
    ["cyd", "down"],
    ["dan", "up"],
  ] as const) {
    await ask("Which symbols have the longest branches of a huffman tree?", user, course);
    // As an answer from the material, which is not refused.
    const [answer] = await db`
      update chat_messages set metadata = metadata - 'tool_calls'
      where role = 'assistant' and id in (
        select m.id from chat_messages m join chat_sessions s on s.id = m.session_id
        where s.course_id = ${course} and m.metadata ? 'tool_calls')
      returning turn_id`;
    const [message] = await db`
      select id from chat_messages where turn_id = ${answer!.turn_id} order by step desc limit 1`;
    const path = `/api/chat/messages/${message!.id}/feedback`;
    const rated = await postJson(path, { rating }, BOOTSTRAP, { "x-user-id": user });
    expect(rated.status).toBe(200);
  }
  const { body } = await list(BOOTSTRAP, course);

  expect(body.groups).toMatchObject([{ people: 3, refused: 0, rated_down: 3 }]);
  expect((await list(BOOTSTRAP, course, "?days=0")).status).toBe(422);
});

test("a form of a word that fewer than three people used is not shown", async () => {
  const course = await createCourse(db);
  await ask("Wann endet die Prüfungsangstberatung?", "ann", course);
  await ask("Wann endet die Prüfungsphase?", "bob", course);
  await ask("Wann endet die Prüfungszeit?", "cyd", course);
  const { body } = await list(BOOTSTRAP, course);

  expect(body.groups[0].words).toEqual(["endet", "prüfun…"]);
});

test("addresses and numbers of people are neither words nor in examples", async () => {
  const course = await createCourse(db);
  for (const user of ["ann", "bob", "cyd"]) {
    const about = `Why is the entropy of s1234567 and ${user}@uni.example so large?`;
    await ask(`${about} My name is ${user[0]!.toUpperCase()}${user.slice(1)}.`, user, course);
  }
  const { body } = await list(BOOTSTRAP, course);

  expect(body.groups).toHaveLength(1);
  expect(body.groups[0].words).toContain("entropy");
  expect(JSON.stringify(body)).not.toMatch(/1234567|uni|example"|ann|bob|cyd/i);
});

test("a person who asks much does not displace the others", async () => {
  const course = await createCourse(db);
  for (const user of ["ann", "bob", "cyd"]) await ask("What is the entropy?", user, course);
  for (let n = 1; n <= 25; n += 1) await ask(`Does the library open at ${n}?`, "dan", course);
  const open = await listOpenQuestions(db, { course_id: course, days: 1, limit: 23 });

  expect(open.filter(({ question }) => question === "What is the entropy?")).toHaveLength(3);
  expect(open).toHaveLength(23);
});

test("students and other courses see no groups", async () => {
  expect((await list(website)).body.code).toBe("forbidden");
  expect((await list(teacher, await createCourse(db))).body.code).toBe("course_not_found");
});

test("questions older than the wanted days are left out", async () => {
  await db`update chat_messages set created_at = now() - interval '10 days' where role = 'user'`;

  expect((await list(teacher, course_id, "?days=7")).body).toEqual({ groups: [] });
  expect((await list(teacher, course_id, "?days=30")).body.groups).toHaveLength(1);
});
