import type { AssistantMessage, Message, UserMessage } from "@ag-ui/core";
import type { ChatMessage, NewMessage, ToolResult } from "../../db/chat/chat";
import type { ChatRequest } from "../ag-ui/request";
import { answersOf, cancellationsOf } from "./interrupts";

/** What a client's messages say that the thread does not know yet. */
export type Said = {
  messages: NewMessage[];
  results: { message_id: string; tool_call_id: string; result: ToolResult }[];
};

type Sent = Pick<ChatRequest, "messages" | "session_id" | "surelyNew" | "resume">;

/** The last question of a thread, and how far its answer has come. */
export type Turn = {
  id: string;
  /** Steps that are whole: the next one to answer has this number. */
  steps: number;
  /** Nothing is to be answered: the answer is whole, or waits for a tool of the client. */
  settled: boolean;
};

/**
 * Finds what is new in the messages that a client sent.
 *
 * Clients send the whole conversation each time, some with new ids. So its questions are followed
 * along ours, by id or by content, and only what comes after the last known one is new. Answers are
 * taken from a client only when it begins a thread with them, and are marked; results of tool calls
 * are, for calls that are ours and still open. A call that waits for the user's reply is answered by
 * `resume`, or declined by going on with another question.
 */
export function findNew(
  thread: ChatMessage[],
  { messages, session_id, surelyNew, resume = [] }: Sent,
): Said {
  const questions = messages.filter((message) => message.role === "user");
  const matched = matchQuestions(thread, messages, surelyNew);
  const known = questions.findLastIndex((message) => matched.has(message));
  const ids = new Set(thread.map(({ client_id }) => client_id));
  const asked = questions.slice(known + 1).map((message) => toQuestion(message, session_id, ids));
  const results = [
    ...answersOf(thread, resume),
    ...findResults(thread, messages),
    ...(asked.length > 0 ? cancellationsOf(thread) : []),
  ];
  return {
    messages: thread.length === 0 ? withAnswers(asked, questions, messages) : asked,
    results: inOrder(thread, results),
  };
}

/** Of several results of one call the first counts. */
function inOrder(thread: ChatMessage[], results: Said["results"]): Said["results"] {
  const first = new Map(results.toReversed().map((one) => [one.tool_call_id, one]));
  const calls = thread.flatMap(({ metadata }) => metadata.tool_calls ?? []);
  const known = Math.max(0, ...calls.map(({ result }) => result?.position ?? 0));
  return [...first.values()].reverse().map((one, i) => ({
    ...one,
    result: { ...one.result, position: known + i + 1 },
  }));
}

/** A conversation that began elsewhere: what was answered there, after what was asked. */
function withAnswers(asked: NewMessage[], questions: Message[], messages: Message[]): NewMessage[] {
  return asked.flatMap((question, i) => {
    const from = messages.indexOf(questions[i]!) + 1;
    const next = questions[i + 1];
    const following = messages.slice(from, next && messages.indexOf(next));
    const answers = following.flatMap((message) =>
      message.role === "assistant" && message.content ? [message] : [],
    );
    return [question, ...answers.map((answer, step) => toImported(answer, question.id, step))];
  });
}

const toImported = (
  { id, content }: AssistantMessage,
  turn_id: string,
  step: number,
): NewMessage => ({
  ...{ id: stepId(turn_id, step), role: "assistant", content: content!, client_id: id },
  ...{ turn_id, step, metadata: { status: "complete", imported: true } },
});

/** The rows that a client's questions are. */
export function matchQuestions(
  thread: ChatMessage[],
  messages: Message[],
  surelyNew: boolean,
): Map<Message, ChatMessage> {
  const matched = new Map<Message, ChatMessage>();
  const rows = thread.filter(({ role }) => role === "user");
  const answered = questionsBefore(thread);
  // A lone question in a longer thread comes from a client that sends only what is new.
  const onlyNew = surelyNew || (messages.length === 1 && rows.length > 1);
  let next = 0;
  for (const message of messages) {
    // A client that keeps the end of a conversation only may begin with an answer.
    next = Math.max(next, answered.get(message.id) ?? 0);
    if (message.role !== "user") continue;
    const same = (row: ChatMessage) => sameContent(row, message);
    const byId = rows.findIndex((row) => row.client_id === message.id && same(row));
    const byContent = onlyNew ? -1 : rows.findIndex((row, i) => i >= next && same(row));
    const found = byId >= 0 ? byId : byContent;
    if (found < 0) continue;
    matched.set(message, rows[found]!);
    next = found + 1;
  }
  return matched;
}

/** How many questions come before an answer, by the answer's names. */
function questionsBefore(thread: ChatMessage[]): Map<string, number> {
  const before = new Map<string, number>();
  let questions = 0;
  for (const { id, client_id, role } of thread) {
    if (role === "user") questions += 1;
    else before.set(client_id ?? id, questions);
  }
  return before;
}

const sameContent = (row: ChatMessage, { content }: UserMessage) =>
  typeof content === "string"
    ? row.content === content && !row.metadata.parts
    : Bun.deepEquals(row.metadata.parts, JSON.parse(JSON.stringify(content)));

function toQuestion(
  { id, content }: UserMessage,
  session_id: string,
  taken: Set<string | null>,
): NewMessage {
  // An edited message keeps its id in the client; for us it is another message.
  const isTaken = taken.has(id);
  return {
    id: isTaken ? crypto.randomUUID() : Bun.randomUUIDv5(id, session_id),
    client_id: isTaken ? null : id,
    content: typeof content === "string" ? content : textOf(content),
    ...{ role: "user", turn_id: null, step: null },
    metadata: typeof content === "string" ? {} : { parts: content },
  };
}

const textOf = (content: Exclude<UserMessage["content"], string>) =>
  content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");

function findResults(thread: ChatMessage[], messages: Message[]): Said["results"] {
  const open = new Map<string, ChatMessage>();
  for (const row of thread) {
    for (const call of row.metadata.tool_calls ?? []) if (!call.result) open.set(call.id, row);
  }
  return messages.flatMap((message) => {
    if (message.role !== "tool") return [];
    const row = open.get(message.toolCallId);
    if (!row) return [];
    open.delete(message.toolCallId);
    const content =
      typeof message.content === "string" ? message.content : JSON.stringify(message.content);
    const result = { message_id: message.id, content };
    return [{ message_id: row.id, tool_call_id: message.toolCallId, result }];
  });
}

/** The thread as it is once `said` is stored. */
export function withSaid(thread: ChatMessage[], said: Said, run_id: string): ChatMessage[] {
  const results = new Map(said.results.map(({ tool_call_id, result }) => [tool_call_id, result]));
  const answered = thread.map((row) => {
    const { tool_calls } = row.metadata;
    if (!tool_calls?.some(({ id }) => results.has(id))) return row;
    const calls = tool_calls.map((call) => ({ result: results.get(call.id), ...call }));
    return { ...row, metadata: { ...row.metadata, tool_calls: calls as typeof tool_calls } };
  });
  const created_at = new Date().toISOString();
  return [...answered, ...said.messages.map((message) => ({ ...message, run_id, created_at }))];
}

/** Undefined when nothing was asked yet. */
export function lastTurn(thread: ChatMessage[]): Turn | undefined {
  const question = thread.findLast(({ role }) => role === "user");
  if (!question) return undefined;
  const answers = thread.filter(({ turn_id }) => turn_id === question.id);
  const whole = answers.filter(({ metadata }) => metadata.status === "complete");
  const calls = whole.at(-1)?.metadata.tool_calls ?? [];
  const waits = calls.some(({ result }) => !result);
  return {
    id: question.id,
    steps: whole.length,
    settled: whole.length > 0 && whole.length === answers.length && (calls.length === 0 || waits),
  };
}

/** The id of a step's row: the same when the step is taken again. */
export const stepId = (turn_id: string, step: number) => Bun.randomUUIDv5(`${step}`, turn_id);

/** The id that the first message of the answer to a request will have, or the last one has. */
export function expectedMessageId(thread: ChatMessage[], request: ChatRequest): string {
  const known = withSaid(thread, findNew(thread, request), request.runId);
  const turn = lastTurn(known);
  if (!turn) return stepId(request.session_id, 0);
  return stepId(turn.id, turn.settled ? turn.steps - 1 : turn.steps);
}

/** Without the answer's part that broke off: it is given again. */
export const withoutUnfinished = (thread: ChatMessage[], { id }: Turn) =>
  thread.filter((row) => row.turn_id !== id || row.metadata.status === "complete");
