import type { ChatMessage, NewMessage, NewThreadContent, NewToolResult } from "../../db/chat/chat";
import { isTimedOut, NOT_ANSWERED } from "../agent/show-source";
import type { ChatRequest, ClientContentPart, ClientMessage } from "../request";
import { findReplaced, type QuestionMatches } from "./find-replaced";
import { toDeclinedResults, toReplyResults } from "./interrupts";
import { lastTurn, stepId, type Turn } from "./turn";

/** A client's messages compared with the stored thread. */
export type Reconciled = {
  /** Content that the thread does not have yet. */
  added: NewThreadContent;
  /** The stored thread without the part that `added` replaces. */
  kept: ChatMessage[];
  /** The thread including `added`. */
  thread: ChatMessage[];
  /** Undefined before the first question. */
  turn: Turn | undefined;
  /** The ids under which this client knows the questions, by row id. */
  clientIds: ReadonlyMap<string, string>;
};

type SentMessages = Pick<
  ChatRequest,
  "messages" | "session_id" | "run_id" | "surelyNew" | "resume" | "canReplace" | "lastSeenId"
>;
type UserMessage = Extract<ClientMessage, { role: "user" }>;
type AssistantMessage = Extract<ClientMessage, { role: "assistant" }>;

/**
 * Finds the new content among the messages that a client sent.
 *
 * Clients send the whole conversation each time, some with new ids. Its questions are matched with
 * ours by id or content, in order, and only those after the last match are new. A history that is cut
 * back, or whose last question changed, replaces the end of the thread. Answers of a client
 * are accepted only when it begins a thread with them, and are marked as imported. Tool results are
 * accepted for our own calls that are still open. A question to the user is answered by `resume`;
 * a new question from the user declines it.
 */
export function reconcile(stored: ChatMessage[], sent: SentMessages): Reconciled {
  const { messages, session_id, run_id, resume = [] } = sent;
  const matches = matchQuestions(stored, messages, sent.surelyNew);
  const replaced = findReplaced(stored, sent, matches);
  const kept = replaced ? stored.slice(0, stored.indexOf(replaced)) : stored;
  const matched = [...matches.rows].filter(([, row]) => kept.includes(row));

  const newQuestions = findNewQuestions(stored, messages, new Map(matched));
  const usedIds = new Set(kept.map(({ client_id }) => client_id));
  const asked = newQuestions.map((message) =>
    // The answer to a question that is asked again needs other ids than the replaced answer.
    toQuestion(message, { session_id, usedIds, asked_in: replaced ? run_id : "" }),
  );

  const results = [
    ...toReplyResults(kept, resume),
    ...findResults(kept, messages),
    ...toTimedOutResults(kept),
    ...(asked.length > 0 ? toDeclinedResults(kept) : []),
  ];
  const added: NewThreadContent = {
    messages: stored.length === 0 ? withAnswers(asked, newQuestions, messages) : asked,
    results: inOrder(kept, results),
    ...(replaced && { replaces: replaced.id }),
  };

  const clientIds = new Map<string, string>();
  for (const [message, row] of matched) clientIds.set(row.id, message.id);
  for (const [i, message] of newQuestions.entries()) clientIds.set(asked[i]!.id, message.id);

  const thread = withAdded(kept, added, run_id);
  return { added, kept, thread, turn: lastTurn(thread), clientIds };
}

/**
 * Reconciles a request with an empty thread if it can be the first of its thread: it has one question and
 * nothing else. Undefined for other requests.
 */
export function reconcileFirst(
  sent: SentMessages & Pick<ChatRequest, "joinsOnly">,
): Reconciled | undefined {
  const { messages, joinsOnly, resume } = sent;
  const isFirst = messages.length === 1 && messages[0]!.role === "user" && !joinsOnly && !resume;
  return isFirst ? reconcile([], sent) : undefined;
}

/**
 * The questions after the last known one. A question that the client's history answers is old: it was in a
 * part of the thread that another tab replaced. Only a new thread takes such questions.
 */
function findNewQuestions(
  thread: ChatMessage[],
  messages: ClientMessage[],
  matched: ReadonlyMap<ClientMessage, ChatMessage>,
): UserMessage[] {
  const last = messages.findLastIndex(({ role }) => role === "user");
  const lastKnown = messages.findLastIndex((message) => matched.has(message));
  const lastAnswer = messages.slice(0, last).findLastIndex(({ role }) => role === "assistant");
  const from = thread.length === 0 ? lastKnown : Math.max(lastKnown, lastAnswer);
  return messages.slice(from + 1).filter((message) => message.role === "user");
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

function matchQuestions(
  thread: ChatMessage[],
  messages: ClientMessage[],
  surelyNew: boolean,
): QuestionMatches {
  const matched = new Map<ClientMessage, ChatMessage>();
  const rows = thread.filter(({ role }) => role === "user");
  const questionCounts = countQuestionsBefore(thread);
  // A single question for a longer thread comes from a client that sends only new messages.
  const onlyNew = surelyNew || (messages.length === 1 && rows.length > 1);
  let next = 0;
  let before = 0;
  for (const message of messages) {
    // A client that keeps only the end of a conversation can begin with an answer.
    next = Math.max(next, questionCounts.get(message.id) ?? 0);
    if (message.role !== "user") continue;
    before = next;
    const same = (row: ChatMessage) => hasSameContent(row, message);
    const byId = rows.findIndex((row) => row.client_id === message.id && isSame(row, message));
    const byContent = onlyNew ? -1 : rows.findIndex((row, i) => i >= next && same(row));
    const found = byId >= 0 ? byId : byContent;
    if (found < 0) continue;
    matched.set(message, rows[found]!);
    next = found + 1;
  }
  return { rows: matched, before };
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

/** Also for a message with a known id. */
const isSame = (row: ChatMessage, message: UserMessage) =>
  hasSameContent(row, message) ||
  (hasOnlyText(row.metadata.parts) && hasOnlyText(message.content) && hasSameText(row, message));

const hasOnlyText = (content: string | unknown[] = "") =>
  typeof content === "string" || content.every((part) => Object(part).type === "text");

/** Some clients trim a text, or send a list of text parts as one string, when they send it again. */
const hasSameText = (row: ChatMessage, { content }: UserMessage) =>
  (typeof content === "string" ? content : textOf(content)).trim() === row.content.trim();

function toQuestion(
  { id, content }: UserMessage,
  {
    session_id,
    usedIds,
    asked_in,
  }: { session_id: string; usedIds: Set<string | null>; asked_in: string },
): NewMessage {
  const isUsed = usedIds.has(id);
  return {
    // The same message has the same id, so that it is stored once.
    id: isUsed ? crypto.randomUUID() : Bun.randomUUIDv5(`${asked_in}${id}`, session_id),
    client_id: isUsed ? null : id,
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
    const call = row.metadata.tool_calls!.find(({ id }) => id === message.toolCallId)!;
    const late = isTimedOut(call, Date.now()) && { late: true as const };
    const result = { message_id: message.id, content, ...late };
    return [{ message_id: row.id, tool_call_id: message.toolCallId, result }];
  });
}

/** Results of the calls that a page did not answer in time, so that the answer goes on without them. */
const toTimedOutResults = (thread: ChatMessage[]): NewToolResult[] =>
  thread.flatMap((row) =>
    (row.metadata.tool_calls ?? [])
      .filter((call) => !call.result && isTimedOut(call, Date.now()))
      .map((call) => ({
        message_id: row.id,
        tool_call_id: call.id,
        result: { message_id: crypto.randomUUID(), content: NOT_ANSWERED, late: true as const },
      })),
  );

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
