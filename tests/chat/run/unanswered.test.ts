import { expect, test } from "bun:test";
import { isUnanswered } from "../../../src/chat/run/unanswered";
import type { MessageMetadata, NewAnswer } from "../../../src/db/chat/chat";

const call = (result: unknown, name = "search_slides") => ({
  id: crypto.randomUUID(),
  name,
  arguments: "{}",
  ...(result !== undefined && {
    result: { message_id: crypto.randomUUID(), content: JSON.stringify(result) },
  }),
});
const steps = (...all: MessageMetadata[]): NewAnswer[] =>
  all.map((metadata, step) => ({
    id: crypto.randomUUID(),
    step,
    content: "",
    metadata: { status: "complete", model: "openai:gpt", citations: [], ...metadata },
  }));
const NOTHING = { passages: [] };
const UNCOVERED = { covered: false, passages: [{ number: 1 }] };
const COVERED = { covered: true, passages: [{ number: 1 }] };

test("an answer is unanswered if every search found nothing that covers it, and it cites nothing", () => {
  expect(isUnanswered(steps({ tool_calls: [call(NOTHING), call(UNCOVERED)] }, {}))).toBe(true);
});

test("the answerer without a model cites the nearest passages, and is unanswered all the same", () => {
  const refusal = { citations: [{ number: 1 }], model: "local:extractive" };
  expect(isUnanswered(steps({ tool_calls: [call(UNCOVERED)] }, refusal))).toBe(true);
});

test.each<[string, NewAnswer[]]>([
  ["no step", []],
  ["no search", steps({})],
  ["a search that covers the question", steps({ tool_calls: [call(UNCOVERED), call(COVERED)] })],
  ["a citation", steps({ tool_calls: [call(UNCOVERED)] }, { citations: [{ number: 1 }] })],
  ["a failed search", steps({ tool_calls: [call({ error: "The tool failed" })] })],
  ["an open call", steps({ tool_calls: [call(UNCOVERED), call(undefined, "open_page")] })],
  ["an answer that was cut off", steps({ tool_calls: [call(NOTHING)], status: "aborted" })],
])("%s is not unanswered", (_, answer) => {
  expect(isUnanswered(answer)).toBe(false);
});
