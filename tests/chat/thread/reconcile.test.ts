import { describe, expect, test } from "bun:test";
import type { Message } from "@ag-ui/core";
import { toAgUiMessages, toSnapshots } from "../../../src/chat/ag-ui/snapshots";
import { findNew, lastTurn } from "../../../src/chat/thread/reconcile";
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

const questionsIn = (messages: Message[], rows = thread, surelyNew = false) =>
  findNew(rows, { messages, session_id, surelyNew }).messages.map(({ content }) => content);

describe("findNew", () => {
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
    const found = findNew([], { messages, session_id, surelyNew: false }).messages;

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
      ...{ id, role: "tool", toolCallId, content: "drawn" },
    });
    const messages = [result("t1", "c1"), result("t2", "c1"), result("t3", "unknown")];
    const { results } = findNew(rows, { messages, session_id, surelyNew: false });

    const drawn = { ...closed.result, position: 1 };
    expect(results).toEqual([{ message_id: "a 0", tool_call_id: "c1", result: drawn }]);
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

describe("toAgUiMessages", () => {
  test("uses the ids of this client, keeps its system messages, and shows results after calls", () => {
    const reasoning = [{ id: "r1", content: "hm" }];
    const rows = [asked("a", "Draw"), answered("a", 0, { tool_calls: [closed], reasoning })];
    const system: Message = { id: "s", role: "system", content: "x" };
    const messages = toAgUiMessages(rows, session_id, [system, user("Draw", "renamed")]);

    expect(messages.map(({ id, role }) => `${role} ${id}`)).toEqual([
      ...["system s", "user renamed", "reasoning r1", "assistant a 0", "tool t1"],
    ]);
  });
});

describe("toSnapshots", () => {
  const idsOf = (snapshots: Message[][]) =>
    snapshots.map((messages) => messages.map(({ id }) => id));
  const wanted = ["1", "2", "3"].map(assistant);

  test("is one snapshot when what the client has is in place", () => {
    expect(idsOf(toSnapshots(wanted, [assistant("1"), assistant("x")]))).toEqual([["1", "2", "3"]]);
  });

  test("first takes away what stands in a wrong place", () => {
    const theirs = [assistant("1"), assistant("3")];

    expect(idsOf(toSnapshots(wanted, theirs))).toEqual([["1"], ["1", "2", "3"]]);
  });
});
