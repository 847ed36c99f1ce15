import { afterAll, expect, test } from "bun:test";
import { upsertUser } from "../../src/db/access/users";
import { BOOTSTRAP, openGuardedApp } from "../support/access";
import { createCourse, createDocument } from "../support/factories";

const guarded = await openGuardedApp();
const { db, call, postJson, createKey } = guarded;
afterAll(() => guarded[Symbol.asyncDispose]());

const course_id = await createCourse(db);
const website = await createKey({ scopes: ["read", "chat"], course_ids: [course_id] });
const foreign = await createKey({
  scopes: ["read", "ingest", "chat"],
  course_ids: [await createCourse(db)],
});

type AnswerOptions = { course?: string; user?: string | null; citations?: object[] };

/** A conversation with one question and its answer in two steps. */
async function createAnswer({
  course = course_id,
  user = null,
  citations = [],
}: AnswerOptions = {}) {
  const user_id =
    user === null
      ? null
      : await upsertUser(db, {
          issuer: "x-user-id",
          subject: user,
          email: null,
          display_name: null,
        });
  const metadata = { status: "complete", model: "test:model", citations, references: citations };
  const [ids] = await db<{ session_id: string; question_id: string; message_id: string }[]>`
    with session as (
      insert into chat_sessions (course_id, user_id) values (${course}, ${user_id}) returning id
    ),
    question as (
      insert into chat_messages (session_id, role, content)
      select id, 'user', 'What is entropy?' from session returning id, session_id
    ),
    answer as (
      insert into chat_messages (session_id, role, content, turn_id, step, metadata)
      select session_id, 'assistant', part, question.id, step, ${db.json(metadata as never)}
      from question, (values (0, 'Entropy is'), (1, 'surprise [1].')) steps (step, part)
      returning id, step
    )
    select question.session_id, question.id as question_id, answer.id as message_id
    from question, answer where answer.step = 1`;
  return ids!;
}

const rate = async (
  message_id: string,
  body: object,
  { key = website, user }: { key?: string; user?: string } = {},
) => {
  const headers: Record<string, string> = user ? { "x-user-id": user } : {};
  const path = `/api/chat/messages/${message_id}/feedback`;
  const response = await postJson(path, body, key, headers);
  return { status: response.status, body: await response.json() };
};
const exportOf = async (course: string, query = "", key = BOOTSTRAP) =>
  (await call("GET", `/api/courses/${course}/feedback${query}`, key)).json();

test("each person has one rating for an answer and for each citation, and can replace it", async () => {
  const course = await createCourse(db);
  const ann = await createAnswer({
    course,
    user: "ann",
    citations: [{ number: 1 }, { number: 2 }],
  });
  const key = await createKey({ scopes: ["read", "chat"], course_ids: [course] });
  const as = { key, user: "ann" };
  const first = await rate(ann.message_id, { rating: "up" }, as);
  expect(first).toMatchObject({ status: 200, body: { rating: "up", citation: null } });
  const second = await rate(
    ann.message_id,
    { rating: "down", reason: "wrong", comment: " No. " },
    as,
  );
  expect(second.body).toMatchObject({ id: first.body.id, rating: "down", comment: "No." });
  await rate(ann.message_id, { rating: "down", reason: "wrong_citation", citation: 2 }, as);
  await rate(ann.message_id, { rating: "up" }, { key: BOOTSTRAP });

  const { items } = await exportOf(course);
  expect(items.map(({ rating, citation }: never) => [rating, citation])).toEqual([
    ["up", null],
    ["down", 2],
    ["down", null],
  ]);
  expect((await exportOf(course, "?rating=up")).items).toHaveLength(1);
});

test("the export has the question and the answer as they were rated, and no names", async () => {
  const course = await createCourse(db);
  const { document_id } = await createDocument(db, course);
  const cited = { number: 1, asset_id: document_id, quote: "Entropy is surprise", url: "/x" };
  const { message_id, question_id } = await createAnswer({
    course,
    user: "bea",
    citations: [cited],
  });
  await rate(message_id, { rating: "down" }, { key: BOOTSTRAP, user: "bea" });
  // A regenerated answer replaces the rated one.
  await db`delete from chat_messages where turn_id = ${question_id}`;

  const page = await exportOf(course);
  expect(page.items).toMatchObject([
    {
      question: "What is entropy?",
      answer: "Entropy is\n\nsurprise [1].",
      citations: [cited],
      references: [cited],
      model: "test:model",
    },
  ]);
  expect(JSON.stringify(page)).not.toContain("bea");
});

test("JSON lines contain all ratings, also more than one page", async () => {
  const course = await createCourse(db);
  const { session_id } = await createAnswer({ course });
  await db`
    insert into message_feedback (session_id, message_id, rating, question, answer, metadata)
    select ${session_id}, gen_random_uuid(), 'up', 'Question ' || n, 'Answer', '{"citations":[],"references":[],"model":null}'
    from generate_series(1, 450) n`;
  const response = await call("GET", `/api/courses/${course}/feedback?format=jsonl`, BOOTSTRAP);
  expect(response.headers.get("content-type")).toStartWith("application/jsonl");
  const lines = (await response.text()).trimEnd().split("\n");

  expect(new Set(lines.map((line) => JSON.parse(line).question)).size).toBe(450);
  const first = await exportOf(course, "?limit=200");
  expect(first.items).toHaveLength(200);
  expect(first.next_cursor).not.toBeNull();
});

test("teachers who cannot read conversations get ratings without questions and answers", async () => {
  const course = await createCourse(db);
  const { message_id } = await createAnswer({ course });
  await rate(message_id, { rating: "down", comment: "Slide 3 is wrong" }, { key: BOOTSTRAP });
  const teacher = await createKey({ scopes: ["ingest"], course_ids: [course] });

  expect((await exportOf(course, "", teacher)).items).toMatchObject([
    { rating: "down", comment: "Slide 3 is wrong", question: null, answer: null },
  ]);
  expect((await exportOf(course, "", foreign)).code).toBe("course_not_found");
  expect((await exportOf(course, "", website)).code).toBe("forbidden");
});

test("a rating is withdrawn by the person who gave it", async () => {
  const course = await createCourse(db);
  const { message_id } = await createAnswer({ course, citations: [{ number: 1 }] });
  await rate(message_id, { rating: "up" }, { key: BOOTSTRAP });
  await rate(message_id, { rating: "up", citation: 1 }, { key: BOOTSTRAP });
  const path = `/api/chat/messages/${message_id}/feedback`;
  const other = { headers: { "x-user-id": "gil" } };
  expect((await call("DELETE", path, BOOTSTRAP, other)).status).toBe(404);
  expect((await exportOf(course)).items).toHaveLength(2);
  expect((await call("DELETE", `${path}?citation=1`, BOOTSTRAP)).status).toBe(204);
  expect((await exportOf(course)).items).toMatchObject([{ citation: null }]);
});

test("only those who can read a conversation rate its answers", async () => {
  const cleo = await createAnswer({ user: "cleo" });
  const refused = [
    await rate(cleo.message_id, { rating: "up" }, { user: "dan" }),
    await rate(cleo.message_id, { rating: "up" }),
    await rate(cleo.message_id, { rating: "up" }, { key: foreign }),
    await rate(crypto.randomUUID(), { rating: "up" }, { key: BOOTSTRAP }),
    await rate(cleo.question_id, { rating: "up" }, { user: "cleo" }),
  ];
  expect(refused.map(({ body }) => body.code)).toEqual(Array(5).fill("message_not_found"));
  expect((await rate(cleo.message_id, { rating: "up" }, { user: "cleo" })).status).toBe(200);
});

test.each([
  [{}, "rating"],
  [{ rating: "meh" }, "rating"],
  [{ rating: "up", reason: "because" }, "reason"],
  [{ rating: "up", comment: "x".repeat(2_001) }, "comment"],
  [{ rating: "up", citation: 0 }, "citation"],
  [{ rating: "up", citation: 9 }, "citation"],
  [{ rating: "up", user: "eve" }, "user"],
])("the rating %j is refused for its %s", async (body, field) => {
  const { message_id } = await createAnswer();
  const refused = await rate(message_id, body);
  expect(refused).toMatchObject({ status: 422, body: { code: "request_invalid" } });
  expect(refused.body.details.fields[0].path).toBe(field);
});

test("a person's ratings are exported and erased with the person, and with the conversation", async () => {
  const course = await createCourse(db);
  const mine = await createAnswer({ course, user: "fay" });
  const theirs = await createAnswer({ course, user: null });
  const [fay] = await db<{ id: string }[]>`select id from users where subject = 'fay'`;
  await rate(mine.message_id, { rating: "up" }, { key: BOOTSTRAP, user: "fay" });
  await db`
    insert into message_feedback (session_id, message_id, user_id, rating, question, answer, metadata)
    values (${theirs.session_id}, ${theirs.message_id}, ${fay!.id}, 'down', 'Q', 'A', '{"citations":[],"references":[],"model":null}')`;
  const exported = await (await call("GET", `/api/users/${fay!.id}/export`, BOOTSTRAP)).json();
  expect(exported.feedback).toMatchObject([{ rating: "up" }, { rating: "down" }]);
  expect((await call("DELETE", `/api/users/${fay!.id}`, BOOTSTRAP)).status).toBe(204);
  expect((await exportOf(course)).items).toEqual([]);

  await rate(theirs.message_id, { rating: "up" }, { key: BOOTSTRAP });
  await call("DELETE", `/api/chat/sessions/${theirs.session_id}`, BOOTSTRAP);
  expect((await exportOf(course)).items).toEqual([]);
});
