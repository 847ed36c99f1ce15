import type { ChatMessage, NewMessage, NewThreadContent, NewToolResult } from "../../db/chat/chat";
import type { ChatRequest, ClientContentPart, ClientMessage } from "../request";
import { toDeclinedResults, toReplyResults } from "./interrupts";

/** The last question of a thread and the progress of its answer. */
export type Turn = {
  id: string;
  /** Number of complete steps, and so the number of the next step. */
  steps: number;
  /** Nothing to generate: the answer is complete, or it waits for a tool of the client. */
  settled: boolean;
};

/** A client's messages compared with the stored thread. */
export type Reconciled = {
  /** Content that the thread does not have yet. */
  added: NewThreadContent;
  /** The thread including `added`. */
  thread: ChatMessage[];
  /** Undefined before the first question. */
  turn: Turn | undefined;
  /** The ids under which this client knows the questions, by row id. */
  clientIds: ReadonlyMap<string, string>;
};

type SentMessages = Pick<
  ChatRequest,
  "messages" | "session_id" | "run_id" | "surelyNew" | "resume"
>;
type UserMessage = Extract<ClientMessage, { role: "user" }>;
type AssistantMessage = Extract<ClientMessage, { role: "assistant" }>;

/**
 * Finds the new content among the messages that a client sent.
 *
 * Clients send the whole conversation each time, some with new ids. Its questions are matched with
 * ours by id or content, in order, and only those after the last match are new. Answers of a client
 * are accepted only when it begins a thread with them, and are marked as imported. Tool results are
 * accepted for our own calls that are still open. A question to the user is answered by `resume`;
 * a new question from the user declines it.
 */
export function reconcile(thread: ChatMessage[], sent: SentMessages): Reconciled {
  const { messages, session_id, run_id, surelyNew, resume = [] } = sent;
  const questions = messages.filter((message) => message.role === "user");
  const matched = matchQuestions(thread, messages, surelyNew);
  const lastKnown = questions.findLastIndex((message) => matched.has(message));
  const newQuestions = questions.slice(lastKnown + 1);
  const usedIds = new Set(thread.map(({ client_id }) => client_id));
  const asked = newQuestions.map((message) => toQuestion(message, session_id, usedIds));

  const results = [
    ...toReplyResults(thread, resume),
    ...findResults(thread, messages),
    ...(asked.length > 0 ? toDeclinedResults(thread) : []),
  ];
  const added = {
    messages: thread.length === 0 ? withAnswers(asked, questions, messages) : asked,
    results: inOrder(thread, results),
  };

  const clientIds = new Map<string, string>();
  for (const [message, row] of matched) clientIds.set(row.id, message.id);
  for (const [i, message] of newQuestions.entries()) clientIds.set(asked[i]!.id, message.id);

  const known = withAdded(thread, added, run_id);
  return { added, thread: known, turn: lastTurn(known), clientIds };
}

/** Of several results for one call the first is kept. */
function inOrder(thread: ChatMessage[], results: NewToolResult[]): NewToolResult[] {
  const first = new Map(results.toReversed().map((one) => [one.tool_call_id, one]));
  const calls = thread.flatMap(({ metadata }) => metadata.tool_calls ?? []);
  const lastPosition = Math.max(0, ...calls.map(({ result }) => result?.position ?? 0));
  return [...first.values()].reverse().map((one, i) => ({
    ...one,
    result: { ...one.result, position: lastPosition + i + 1 },
  }));
}

/** Inserts the answers of a conversation that began elsewhere, each after its question. */
function withAnswers(
  asked: NewMessage[],
  questions: UserMessage[],
  messages: ClientMessage[],
): NewMessage[] {
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
  id: stepId(turn_id, step),
  role: "assistant",
  content: content!,
  client_id: id,
  turn_id,
  step,
  metadata: { status: "complete", imported: true },
});

/** The row of each question that the thread already has. */
function matchQuestions(
  thread: ChatMessage[],
  messages: ClientMessage[],
  surelyNew: boolean,
): Map<ClientMessage, ChatMessage> {
  const matched = new Map<ClientMessage, ChatMessage>();
  const rows = thread.filter(({ role }) => role === "user");
  const questionCounts = countQuestionsBefore(thread);
  // A single question for a longer thread comes from a client that sends only new messages.
  const onlyNew = surelyNew || (messages.length === 1 && rows.length > 1);
  let next = 0;
  for (const message of messages) {
    // A client that keeps only the end of a conversation can begin with an answer.
    next = Math.max(next, questionCounts.get(message.id) ?? 0);
    if (message.role !== "user") continue;
    const same = (row: ChatMessage) => hasSameContent(row, message);
    const byId = rows.findIndex((row) => row.client_id === message.id && same(row));
    const byContent = onlyNew ? -1 : rows.findIndex((row, i) => i >= next && same(row));
    const found = byId >= 0 ? byId : byContent;
    if (found < 0) continue;
    matched.set(message, rows[found]!);
    next = found + 1;
  }
  return matched;
}

/** The number of questions before each answer, by the id under which clients know the answer. */
function countQuestionsBefore(thread: ChatMessage[]): Map<string, number> {
  const before = new Map<string, number>();
  let questions = 0;
  for (const { id, client_id, role } of thread) {
    if (role === "user") questions += 1;
    else before.set(client_id ?? id, questions);
  }
  return before;
}

const hasSameContent = (row: ChatMessage, { content }: UserMessage) =>
  typeof content === "string"
    ? row.content === content && !row.metadata.parts
    : Bun.deepEquals(row.metadata.parts, JSON.parse(JSON.stringify(content)));

function toQuestion(
  { id, content }: UserMessage,
  session_id: string,
  usedIds: Set<string | null>,
): NewMessage {
  // An edited message keeps its id in the client; here it is a separate message.
  const isEdited = usedIds.has(id);
  return {
    id: isEdited ? crypto.randomUUID() : Bun.randomUUIDv5(id, session_id),
    client_id: isEdited ? null : id,
    content: typeof content === "string" ? content : textOf(content),
    role: "user",
    turn_id: null,
    step: null,
    metadata: typeof content === "string" ? {} : { parts: content },
  };
}

const textOf = (content: ClientContentPart[]) =>
  content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");

function findResults(thread: ChatMessage[], messages: ClientMessage[]): NewToolResult[] {
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

/** The thread as it is after `added` is stored. */
function withAdded(thread: ChatMessage[], added: NewThreadContent, run_id: string): ChatMessage[] {
  const results = new Map(added.results.map(({ tool_call_id, result }) => [tool_call_id, result]));
  const answered = thread.map((row) => {
    const { tool_calls } = row.metadata;
    if (!tool_calls?.some(({ id }) => results.has(id))) return row;
    const calls = tool_calls.map((call) => ({ result: results.get(call.id), ...call }));
    return { ...row, metadata: { ...row.metadata, tool_calls: calls as typeof tool_calls } };
  });
  const created_at = new Date().toISOString();
  return [...answered, ...added.messages.map((message) => ({ ...message, run_id, created_at }))];
}

/** Undefined before the first question. */
export function lastTurn(thread: ChatMessage[]): Turn | undefined {
  const question = thread.findLast(({ role }) => role === "user");
  if (!question) return undefined;
  const answers = thread.filter(({ turn_id }) => turn_id === question.id);
  const complete = answers.filter(({ metadata }) => metadata.status === "complete");
  const calls = complete.at(-1)?.metadata.tool_calls ?? [];
  const waits = calls.some(({ result }) => !result);
  return {
    id: question.id,
    steps: complete.length,
    settled:
      complete.length > 0 && complete.length === answers.length && (calls.length === 0 || waits),
  };
}

/** The id of a step's row. A step that is generated again keeps its id. */
export const stepId = (turn_id: string, step: number) => Bun.randomUUIDv5(`${step}`, turn_id);

/** The id of the first message that will answer the turn, or of the last one if it is settled. */
export function answerMessageId(turn: Turn | undefined, session_id: string): string {
  if (!turn) return stepId(session_id, 0);
  return stepId(turn.id, turn.settled ? turn.steps - 1 : turn.steps);
}

/** Removes incomplete steps of the turn, because they are generated again. */
export const withoutUnfinished = (thread: ChatMessage[], { id }: Turn) =>
  thread.filter((row) => row.turn_id !== id || row.metadata.status === "complete");
