import type { AssistantMessage, Message, UserMessage } from "@ag-ui/core";
import type { ChatMessage } from "../../db/chat/chat";
import type { ThreadPart } from "../parts";

/**
 * The snapshots that bring a client up to date, to be sent in order. Empty if it has all answers, and none
 * that another tab replaced.
 *
 * @param clientMessages as the client sent them in this request
 */
export function toSnapshots(
  { rows, clientIds, isReplay }: ThreadPart,
  session_id: string,
  clientMessages: Message[],
): Message[][] {
  if (!isReplay && hasAllAnswers(rows, clientMessages)) return [];
  const messages = toAgUiMessages(rows, session_id, clientMessages, clientIds);
  return orderSnapshots(messages, clientMessages);
}

/**
 * The thread as AG-UI messages, equal to those of a client that received every event. Questions have
 * the ids of this client. Its system messages stay in the list, although the model never gets them.
 */
export function toAgUiMessages(
  thread: ChatMessage[],
  session_id: string,
  clientMessages: Message[],
  clientIds: ReadonlyMap<string, string>,
): Message[] {
  const kept = clientMessages.filter(({ role }) => role === "system" || role === "developer");
  return [...kept, ...thread.flatMap((row) => toMessages(row, session_id, clientIds.get(row.id)))];
}

function toMessages(row: ChatMessage, session_id: string, clientId: string | undefined): Message[] {
  const { id, content, metadata } = row;
  if (row.role === "user") {
    const parts = metadata.parts as UserMessage["content"] | undefined;
    return [{ id: clientId ?? row.client_id ?? id, role: "user", content: parts ?? content }];
  }
  const { tool_calls = [], reasoning = [] } = metadata;
  const thoughts = reasoning.map((one): Message => ({ ...one, role: "reasoning" }));
  const message: AssistantMessage = {
    id: row.client_id ?? id,
    role: "assistant",
    ...(content !== "" && { content, metadata: messageMetadata(row, session_id) }),
    ...(tool_calls.length > 0 && {
      toolCalls: tool_calls.map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
  };
  const results = tool_calls
    .flatMap(({ id: toolCallId, result }) => (result ? [{ toolCallId, ...result }] : []))
    .sort((one, other) => (one.position ?? 0) - (other.position ?? 0))
    .map(({ toolCallId, message_id, content }): Message => {
      return { id: message_id, role: "tool", toolCallId, content };
    });
  return [...thoughts, ...(hasMessage(row) ? [message] : []), ...results];
}

/** A row without text and calls has no assistant message. */
const hasMessage = ({ content, metadata }: ChatMessage) =>
  content !== "" || (metadata.tool_calls ?? []).length > 0;

/**
 * The metadata of an answer's AG-UI message. A message with tool calls ends, for the client, before
 * its citations are known.
 */
export function messageMetadata(
  { id, metadata }: Pick<ChatMessage, "id" | "metadata">,
  session_id: string,
): Record<string, unknown> {
  const { status, citations = [], unsupported, tool_calls = [] } = metadata;
  const known = { message_id: id, session_id };
  if (tool_calls.length > 0) return known;
  return { ...known, status, citations, ...(unsupported && { unsupported }) };
}

/**
 * Splits a snapshot so that a client of 1.0 ends up with these messages in this order.
 *
 * Such a client keeps the order of the messages it knows and appends the others. So the first
 * snapshot removes the messages that are in a wrong place, and the second adds them again. The client
 * also keeps reasoning that a snapshot lacks: reasoning of an answer that is generated again is sent
 * empty, and is filled by the new run.
 */
export function orderSnapshots(messages: Message[], clientMessages: Message[]): Message[][] {
  const ids = new Set(messages.map(({ id }) => id));
  const outdated = clientMessages.filter(({ id, role }) => role === "reasoning" && !ids.has(id));
  const wanted = [...messages, ...outdated.map((one) => ({ ...one, content: "" }) as Message)];
  const theirs = clientMessages.filter(({ id }) => ids.has(id));
  const prefix = theirs.findIndex(({ id }, i) => wanted[i]?.id !== id);
  return prefix < 0 ? [wanted] : [wanted.slice(0, prefix), wanted];
}

function hasAllAnswers(thread: ChatMessage[], messages: Message[]): boolean {
  const theirs = new Set(messages.map(({ id }) => id));
  const ours = new Set(thread.map(({ id, client_id }) => client_id ?? id));
  return (
    thread.every(
      (row) => row.role === "user" || !hasMessage(row) || theirs.has(row.client_id ?? row.id),
    ) && messages.every(({ id, role }) => role !== "assistant" || ours.has(id) || !OUR_ID.test(id))
  );
}

/** Ids of answers are UUIDs of version 5. Clients make other ids for messages of their own. */
const OUR_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-5/;
