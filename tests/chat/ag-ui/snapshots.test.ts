import { describe, expect, test } from "bun:test";
import type { Message } from "@ag-ui/core";
import { orderSnapshots, toAgUiMessages, toSnapshots } from "../../../src/chat/ag-ui/snapshots";
import type { ChatMessage, MessageMetadata } from "../../../src/db/chat/chat";
import { user } from "../../support/ag-ui";

const session_id = crypto.randomUUID();
const clientIds = new Map<string, string>();

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

describe("toSnapshots", () => {
  const rows = [asked("a", "One?"), answered("a", 0), asked("b", "Two?")];
  const snapshotsFor = (messages: Message[], isReplay: boolean) =>
    toSnapshots({ type: "thread", rows, clientIds, isReplay, replies: [] }, session_id, messages);

  test("sends nothing to a client that has all answers", () => {
    const messages = [user("One?", "client a"), assistant("a 0"), user("Two?", "client b")];

    expect(snapshotsFor(messages, false)).toEqual([]);
  });

  test("sends the thread to a client that lacks an answer, or that asked for nothing new", () => {
    const ids = ["client a", "a 0", "client b"];
    const behind = snapshotsFor([user("Two?", "client b")], false);
    const all = [user("One?", "client a"), assistant("a 0"), user("Two?", "client b")];

    expect(behind.at(-1)!.map(({ id }) => id)).toEqual(ids);
    expect(
      snapshotsFor(all, true)
        .at(-1)!
        .map(({ id }) => id),
    ).toEqual(ids);
  });
});

describe("toAgUiMessages", () => {
  test("uses the ids of this client, keeps its system messages, and shows results after calls", () => {
    const reasoning = [{ id: "r1", content: "hm" }];
    const rows = [asked("a", "Draw"), answered("a", 0, { tool_calls: [closed], reasoning })];
    const system: Message = { id: "s", role: "system", content: "x" };
    const clientIds = new Map([["a", "renamed"]]);
    const messages = toAgUiMessages(rows, session_id, [system, user("Draw", "renamed")], clientIds);

    expect(messages.map(({ id, role }) => `${role} ${id}`)).toEqual([
      ...["system s", "user renamed", "reasoning r1", "assistant a 0", "tool t1"],
    ]);
  });
});

describe("orderSnapshots", () => {
  const idsOf = (snapshots: Message[][]) =>
    snapshots.map((messages) => messages.map(({ id }) => id));
  const wanted = ["1", "2", "3"].map(assistant);

  test("is one snapshot when the client's messages are in order", () => {
    expect(idsOf(orderSnapshots(wanted, [assistant("1"), assistant("x")]))).toEqual([
      ["1", "2", "3"],
    ]);
  });

  test("first removes messages that are in a wrong place", () => {
    const theirs = [assistant("1"), assistant("3")];

    expect(idsOf(orderSnapshots(wanted, theirs))).toEqual([["1"], ["1", "2", "3"]]);
  });
});
