import { describe, expect, test } from "bun:test";
import type { ClientMessage as Message } from "../../../src/chat/request";
import { reconcile } from "../../../src/chat/thread/reconcile";
import { answerMessageId, lastTurn, stepId } from "../../../src/chat/thread/turn";
import type { ChatMessage, MessageMetadata } from "../../../src/db/chat/chat";
import { user } from "../../support/ag-ui";

const session_id = crypto.randomUUID();

function asked(id: string, content: string): ChatMessage {
  const nothing = { run_id: null, turn_id: null, step: null, metadata: {}, created_at: "" };
  return { id, role: "user", content, client_id: `client ${id}`, ...nothing };
}

function answered(turn_id: string, step: number, metadata: MessageMetadata = {}): ChatMessage {
  const id = `${turn_id} ${step}`;
  const row = { role: "assistant", client_id: null, run_id: null, created_at: "" } as const;
  return { ...row, id, turn_id, step, content: id, metadata: { status: "complete", ...metadata } };
}

const assistant = (id: string): Message => ({ id, role: "assistant", content: id });
const open = { id: "c1", name: "show_chart", arguments: "{}" };
const closed = { ...open, result: { message_id: "t1", content: "drawn" } };

const thread = [asked("a", "One?"), answered("a", 0), asked("b", "Two?"), answered("b", 0)];

const sent = (messages: Message[], surelyNew = false) => ({
  messages,
  session_id,
  run_id: "r",
  surelyNew,
  canReplace: false,
});
const addedTo = (rows: ChatMessage[], messages: Message[], surelyNew = false) =>
  reconcile(rows, sent(messages, surelyNew)).added;
const questionsIn = (messages: Message[], rows = thread, surelyNew = false) =>
  addedTo(rows, messages, surelyNew).messages.map(({ content }) => content);

describe("reconcile", () => {
  const CASES: [what: string, messages: Message[], found: string[]][] = [
    ["the tail", [user("One?", "client a"), user("Two?", "client b"), user("Three?")], ["Three?"]],
    ["the tail after new ids", [user("One?"), user("Two?"), user("Three?")], ["Three?"]],
    ["the tail of a window", [user("Two?"), assistant("x"), user("Three?")], ["Three?"]],
    ["nothing in the same again", [user("One?"), user("Two?")], []],
    ["nothing in a part of it", [user("One?", "client a")], []],
    ["a question that was asked before", [user("One?"), user("Two?"), user("One?")], ["One?"]],
    ["a known one after the end of the conversation", [assistant("b 0"), user("One?")], ["One?"]],
    ["a lone question, also a known one", [user("One?")], ["One?"]],
    ["an edited question", [user("One!", "client a"), assistant("x")], ["One!"]],
    [
      "nothing in what is not the user's",
      [assistant("x"), { ...user("Hi"), role: "system" } as Message],
      [],
    ],
  ];

  test.each(CASES)("finds %s", (_, messages, found) => {
    expect(questionsIn(messages)).toEqual(found);
  });

  test("takes a message as new that is surely new", () => {
    expect(questionsIn([user("One?")], thread.slice(0, 2), true)).toEqual(["One?"]);
    expect(questionsIn([user("One?")], thread.slice(0, 2), false)).toEqual([]);
  });

  test("takes answers along when a thread begins with them, and marks them", () => {
    const messages = [user("One?"), assistant("x"), user("Two?")];
    const found = addedTo([], messages).messages;

    expect(found).toMatchObject([
      { role: "user", content: "One?" },
      { role: "assistant", turn_id: found[0]!.id, metadata: { imported: true } },
      { role: "user", content: "Two?" },
    ]);
  });

  test("recognises a question with an attachment by its parts", () => {
    const source = { type: "data" as const, value: "AAAA", mimeType: "image/png" };
    const content = [{ type: "image" as const, source }];
    const row = { ...asked("a", ""), metadata: { parts: structuredClone(content) } };
    const other = [{ type: "image" as const, source: { ...source, value: "BBBB" } }];

    expect(questionsIn([{ id: "n", role: "user", content }], [row])).toEqual([]);
    expect(questionsIn([{ id: "n", role: "user", content: other }], [row])).toEqual([""]);
  });

  test("attaches results to open calls of ours, once, and to no others", () => {
    const rows = [asked("a", "Draw"), answered("a", 0, { tool_calls: [open] })];
    const result = (id: string, toolCallId: string): Message => ({
      id,
      role: "tool",
      toolCallId,
      content: "drawn",
    });
    const messages = [result("t1", "c1"), result("t2", "c1"), result("t3", "unknown")];
    const { results } = addedTo(rows, messages);

    const drawn = { ...closed.result, position: 1 };
    expect(results).toEqual([{ message_id: "a 0", tool_call_id: "c1", result: drawn }]);
  });
});

describe("reconcile", () => {
  test("knows the thread, the turn and this client's ids after the new question is added", () => {
    const messages = [user("One?", "renamed"), assistant("a 0"), user("Three?", "new")];
    const rows = thread.slice(0, 2);
    const reconciled = reconcile(rows, sent(messages));
    const question = reconciled.thread.at(-1)!;

    expect(reconciled.thread.map(({ content }) => content)).toEqual(["One?", "a 0", "Three?"]);
    expect(question).toMatchObject({ role: "user", run_id: "r", client_id: "new" });
    expect(reconciled.turn).toEqual({ id: question.id, steps: 0, settled: false });
    expect([...reconciled.clientIds]).toEqual([
      ["a", "renamed"],
      [question.id, "new"],
    ]);
  });

  test("names the message that will answer, or has answered, the turn", () => {
    const id = crypto.randomUUID();
    const open = reconcile([asked(id, "One?")], sent([user("One?")]));
    const settled = reconcile([asked(id, "One?"), answered(id, 0)], sent([user("One?")]));

    expect(answerMessageId(open.turn, session_id)).toBe(stepId(id, 0));
    expect(answerMessageId(settled.turn, session_id)).toBe(stepId(id, 0));
    expect(answerMessageId(undefined, session_id)).toBe(stepId(session_id, 0));
  });
});

describe("lastTurn", () => {
  const turn = (...answers: ChatMessage[]) => lastTurn([asked("a", "One?"), ...answers]);

  test.each([
    ["an answer", [answered("a", 0)], { steps: 1, settled: true }],
    ["no answer", [], { steps: 0, settled: false }],
    ["half an answer", [answered("a", 0, { status: "aborted" })], { steps: 0, settled: false }],
    [
      "a client's open call",
      [answered("a", 0, { tool_calls: [open] })],
      { steps: 1, settled: true },
    ],
    [
      "results without words",
      [answered("a", 0, { tool_calls: [closed] })],
      { steps: 1, settled: false },
    ],
  ])("knows of %s", (_, answers, expected) => {
    expect(turn(...answers)).toEqual({ id: "a", ...expected });
  });
});
