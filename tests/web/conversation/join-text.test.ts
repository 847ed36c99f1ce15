import { expect, test } from "bun:test";
import { AbstractAgent } from "@ag-ui/client";
import { type BaseEvent, EventType, type RunAgentInput } from "@ag-ui/core";
import { type Observable, Subject } from "rxjs";
import { joinText } from "../../../web/conversation/join-text";
import { eventually } from "../../support/waiting";

const INPUT: RunAgentInput = {
  threadId: "thread",
  runId: "run",
  messages: [],
  tools: [],
  context: [],
  state: {},
  forwardedProps: {},
};

/** An agent whose events the test sends. */
class SentAgent extends AbstractAgent {
  readonly events = new Subject<BaseEvent>();
  run = (): Observable<BaseEvent> => this.events;
}

function follow() {
  const agent = new SentAgent();
  const received: unknown[] = [];
  const reading = joinText(INPUT, agent).subscribe({
    next: (event) => received.push(event),
    error: (error) => received.push(error),
    complete: () => received.push("complete"),
  });
  return { events: agent.events, received, reading };
}

const piece = (delta: string, messageId = "a") => ({
  type: EventType.TEXT_MESSAGE_CONTENT,
  messageId,
  delta,
});
const end = (messageId: string) => ({ type: EventType.TEXT_MESSAGE_END, messageId });

test("pieces of a text that arrive together are one event, before the event that follows them", () => {
  const { events, received } = follow();
  for (const delta of ["The ", "entropy ", "is "]) events.next(piece(delta));
  events.next(end("a"));
  expect(received).toEqual([piece("The entropy is "), end("a")]);
});

test("pieces without an event after them arrive soon", async () => {
  const { events, received } = follow();
  events.next(piece("The "));
  events.next(piece("entropy "));
  await eventually(
    async () => received,
    (all) => all.length > 0,
  );
  events.next(piece("is "));
  events.complete();
  expect(received).toEqual([piece("The entropy "), piece("is "), "complete"]);
});

test("the texts of two messages stay apart", () => {
  const { events, received } = follow();
  events.next(piece("one", "a"));
  events.next(piece("two", "b"));
  events.next(piece("three", "a"));
  events.complete();
  expect(received).toEqual([piece("one", "a"), piece("two", "b"), piece("three", "a"), "complete"]);
});

test("a connection that breaks loses no text that had arrived", () => {
  const { events, received } = follow();
  const broken = new TypeError("connection lost");
  events.next(piece("The "));
  events.error(broken);
  expect(received).toEqual([piece("The "), broken]);
});

test("a reader that leaves receives nothing more, and the run is left", async () => {
  const { events, received, reading } = follow();
  events.next(piece("The "));
  reading.unsubscribe();
  expect(events.observed).toBe(false);
  await Bun.sleep(60); // longer than pieces are collected
  expect(received).toEqual([]);
});
