import type { ChatMessage } from "../../db/chat/chat";
import type { ChatRequest, ClientMessage } from "../request";
import { lastTurn } from "./turn";

type SentHistory = Pick<
  ChatRequest,
  "messages" | "run_id" | "resume" | "canReplace" | "lastSeenId"
>;

/** The questions of a client's history compared with those of the thread. */
export type QuestionMatches = {
  /** The row of each question that the thread already has. */
  rows: ReadonlyMap<ClientMessage, ChatMessage>;
  /** The number of the thread's questions that are in the client's history before its last question. */
  before: number;
};

/**
 * The question from which the client's history replaces the thread; undefined if nothing is replaced.
 *
 * A history that ends with a known question asks for another answer, and a changed question replaces what
 * followed the one before it. The same histories come from clients that lost a connection or are behind
 * another tab, so a part of the thread is replaced only if this client has received it completely.
 */
export function findReplaced(
  thread: ChatMessage[],
  { messages, run_id, resume, canReplace, lastSeenId }: SentHistory,
  { rows, before }: QuestionMatches,
): ChatMessage | undefined {
  const question = messages.findLast(({ role }) => role === "user");
  if (!canReplace || !question || resume) return undefined;
  const row = rows.get(question);
  if (row) {
    const isLast = messages.findLast(({ role }) => SPOKEN.includes(role)) === question;
    // A repeated run id is a repetition of the request by something between the client and us.
    const isNewRun = row.run_id !== run_id;
    return isLast && isNewRun && hasAnswer(thread, row, lastSeenId) ? row : undefined;
  }
  const edited = thread.find(({ role, client_id }) => role === "user" && client_id === question.id);
  if (edited) return edited;
  const next = thread.filter(({ role }) => role === "user")[before];
  if (!next || lastSeenId === undefined) return undefined;
  const isAnswered = turnRows(thread, next).some(({ metadata }) => metadata.status === "complete");
  return !isAnswered || hasSeen(thread, next, lastSeenId) ? next : undefined;
}

const SPOKEN: ClientMessage["role"][] = ["user", "assistant", "tool"];

/** The client has received a complete answer of the turn. An incomplete last answer is generated again in its place. */
function hasAnswer(
  thread: ChatMessage[],
  question: ChatMessage,
  lastSeenId: string | null | undefined,
): boolean {
  const turn = lastTurn(thread);
  if (turn?.id === question.id && !turn.settled) return false;
  if (lastSeenId !== undefined) return hasSeen(thread, question, lastSeenId);
  return !turnRows(thread, question).at(-1)?.metadata.undelivered;
}

/** The last message that the client has received is the end of the turn, or after it. */
function hasSeen(thread: ChatMessage[], question: ChatMessage, lastSeenId: string | null): boolean {
  const seen = thread.findIndex(({ id }) => id === lastSeenId);
  return seen >= thread.indexOf(turnRows(thread, question).at(-1) ?? question);
}

const turnRows = (thread: ChatMessage[], { id }: ChatMessage) =>
  thread.filter(({ turn_id }) => turn_id === id);
