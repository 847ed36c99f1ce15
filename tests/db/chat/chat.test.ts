import { beforeEach, describe, expect, test } from "bun:test";
import {
  addToThread,
  listMessages,
  type NewAnswer,
  type NewMessage,
} from "../../../src/db/chat/chat";
import { listSessions } from "../../../src/db/chat/chat-sessions";
import { openThreadBatches } from "../../../src/db/chat/thread-batches";
import { SEES_ALL } from "../../../src/principal";
import { withDatabase } from "../../support/database";
import { createCourse } from "../../support/factories";

const db = await withDatabase();
const { openThread, saveAnswer } = openThreadBatches(db);

/** The caller names no user and can continue every thread. */
const ANYONE = { user_id: null, owner: "all" as const, viewer: SEES_ALL };

let course_id: string;
let session_id: string;
let turn_id: string;

const question = (content: string, client_id: string | null = null): NewMessage => ({
  id: crypto.randomUUID(),
  role: "user",
  content,
  client_id,
  turn_id: null,
  step: null,
  metadata: {},
});
const step = (step: number, content: string, status: "complete" | "aborted"): NewAnswer => ({
  id: crypto.randomUUID(),
  step,
  content,
  metadata: { status },
});
const say = (messages: NewMessage[]) =>
  addToThread(db, session_id, { run_id: "run", messages, results: [] });
const answer = (...steps: NewAnswer[]) => saveAnswer({ session_id, turn_id, run_id: "run", steps });
const contents = async () =>
  (await listMessages(db, session_id, SEES_ALL)).map(({ content }) => content);

beforeEach(async () => {
  course_id = await createCourse(db);
  session_id = crypto.randomUUID();
  await openThread({ id: session_id, course_id, thread_id: null, ...ANYONE });
  const first = question("One?", "m1");
  turn_id = first.id;
  await say([first]);
});

describe("a thread", () => {
  test("is opened once, and belongs to its course", async () => {
    const again = await openThread({
      id: session_id,
      course_id,
      thread_id: "other name",
      ...ANYONE,
    });
    const elsewhere = {
      id: session_id,
      course_id: await createCourse(db),
      thread_id: null,
      ...ANYONE,
    };

    expect(again).toMatchObject({
      messages: [{ role: "user", content: "One?", client_id: "m1" }],
      isBegun: false,
    });
    expect(openThread(elsewhere)).rejects.toMatchObject({ errorCode: "session_not_found" });
    const nowhere = { ...elsewhere, course_id: crypto.randomUUID() };
    expect(openThread(nowhere)).rejects.toMatchObject({ errorCode: "course_not_found" });
  });

  test("takes a question once, however many send it at the same moment", async () => {
    const twins = Array.from({ length: 8 }, () => say([question("Two?", "m2")]));
    const added = await Promise.all(twins);

    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await contents()).toEqual(["One?", "Two?"]);
  });

  test("is labelled with its first question, and stays in order", async () => {
    await answer(step(0, "Yes.", "complete"));
    await say([question("Two?"), question("Three?")]);

    const { items } = await listSessions(db, course_id, null, { limit: 10 });

    expect(items).toMatchObject([{ session_label: "One?", message_count: 4 }]);
    expect(await contents()).toEqual(["One?", "Yes.", "Two?", "Three?"]);
  });
});

describe("the beginning of a thread", () => {
  const begin = (id: string, ...messages: NewMessage[]) =>
    openThread({ id, course_id, thread_id: null, ...ANYONE }, { messages, run_id: "run" });

  test("is stored with the new thread, in order and with its label", async () => {
    const id = crypto.randomUUID();
    const opened = await begin(id, question(" Why? ", "b1"), question("And how?", "b2"));
    const stored = await listMessages(db, id, SEES_ALL);
    const { items } = await listSessions(db, course_id, null, { limit: 1 });

    expect(opened).toEqual({ messages: [], isBegun: true });
    expect(stored).toMatchObject([
      { content: " Why? ", client_id: "b1", run_id: "run" },
      { content: "And how?", client_id: "b2", run_id: "run" },
    ]);
    expect(items).toMatchObject([{ id, session_label: "Why?", message_count: 2 }]);
  });

  test("is not stored in a thread that exists", async () => {
    const opened = await begin(session_id, question("Two?"));

    expect(opened).toMatchObject({ messages: [{ content: "One?" }], isBegun: false });
    expect(await contents()).toEqual(["One?"]);
  });

  test("is stored once by requests at the same time", async () => {
    const id = crypto.randomUUID();
    const first = question("Why?", "b1");
    const opened = await Promise.all([1, 2, 3].map(() => begin(id, first)));

    expect(opened.filter(({ isBegun }) => isBegun)).toHaveLength(1);
    expect(await listMessages(db, id, SEES_ALL)).toMatchObject([{ content: "Why?" }]);
  });

  test("is not stored in a course that does not exist", async () => {
    const id = crypto.randomUUID();
    const nowhere = { id, course_id: crypto.randomUUID(), thread_id: null, ...ANYONE };
    const beginning = { messages: [question("Why?")], run_id: "run" };

    await expect(openThread(nowhere, beginning)).rejects.toMatchObject({
      errorCode: "course_not_found",
    });
    expect(await listMessages(db, id, SEES_ALL)).toEqual([]);
  });
});

test("a crowd of threads begins and is answered as each of them does alone", async () => {
  const course = course_id;
  const elsewhere = await createCourse(db);
  const ids = Array.from({ length: 40 }, () => crypto.randomUUID());
  const courseOf = (n: number) => (n % 10 === 7 ? crypto.randomUUID() : course);
  const questions = ids.map((_, n) => question(`Question ${n}?`, "first"));
  await openThread({ id: ids[3]!, course_id: elsewhere, thread_id: null, ...ANYONE });

  const opened = await Promise.allSettled(
    ids.map((id, n) =>
      openThread(
        { id, course_id: courseOf(n), thread_id: null, ...ANYONE },
        { messages: [questions[n]!], run_id: `run ${n}` },
      ),
    ),
  );
  await Promise.all(
    ids.map((id, n) =>
      saveAnswer({
        session_id: id,
        turn_id: questions[n]!.id,
        run_id: `run ${n}`,
        steps: [step(0, `Answer ${n}, first.`, "complete"), step(1, `${n}, second.`, "complete")],
      }),
    ),
  );

  for (const [n, id] of ids.entries()) {
    const result = opened[n]!;
    const stored = (await listMessages(db, id, SEES_ALL)).map(({ content }) => content);
    if (n === 3 || n % 10 === 7) {
      const errorCode = n === 3 ? "session_not_found" : "course_not_found";
      expect(result).toMatchObject({ status: "rejected", reason: { errorCode } });
      expect(stored).toEqual([]);
    } else {
      expect(result).toMatchObject({ value: { messages: [], isBegun: true } });
      expect(stored).toEqual([`Question ${n}?`, `Answer ${n}, first.`, `${n}, second.`]);
    }
  }
});

test("a label ends with a whole character", async () => {
  const id = crypto.randomUUID();
  await openThread({ id, course_id, thread_id: null, ...ANYONE });
  const coins = question(`Entropy${"🪙".repeat(80)}`);
  await addToThread(db, id, { run_id: "run", messages: [coins], results: [] });
  const { items } = await listSessions(db, course_id, null, { limit: 1 });

  expect(items[0]!.session_label).toBe(`Entropy${"🪙".repeat(73)}`);
});

describe("an answer", () => {
  test("takes the place of one that broke off, wherever the thread has gone since", async () => {
    await answer(step(0, "Tool", "complete"), step(1, "Ye", "aborted"), step(2, "x", "aborted"));
    await say([question("Two?")]);
    await answer(step(1, "Yes.", "complete"));

    expect(await contents()).toEqual(["One?", "Tool", "Yes.", "Two?"]);
  });

  test("never takes the place of a whole one", async () => {
    await answer(step(0, "Yes.", "complete"));
    await answer(step(0, "No.", "complete"));

    expect(await contents()).toEqual(["One?", "Yes."]);
  });

  test("of a deleted thread is not stored, and is no error", async () => {
    await db`delete from chat_sessions where id = ${session_id}`;
    await answer(step(0, "Yes.", "complete"));

    expect(await contents()).toEqual([]);
  });
});

test("the result of a client's tool is attached once", async () => {
  const call = { id: "c1", name: "show_chart", arguments: "{}" };
  const asking = step(0, "", "complete");
  await answer({ ...asking, metadata: { status: "complete", tool_calls: [call] } });
  for (const content of ["drawn", "drawn again"]) {
    const result = { message_id: "t1", content };
    const results = [{ message_id: asking.id, tool_call_id: "c1", result }];
    await addToThread(db, session_id, { run_id: "run", messages: [], results });
  }

  const [, answered] = await listMessages(db, session_id, SEES_ALL);

  expect(answered!.metadata.tool_calls).toEqual([
    { ...call, result: { message_id: "t1", content: "drawn" } },
  ]);
});
