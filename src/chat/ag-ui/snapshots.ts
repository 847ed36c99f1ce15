import type { AssistantMessage, Message, UserMessage } from "@ag-ui/core";
import type { ChatMessage } from "../../db/chat/chat";
import { matchQuestions } from "../thread/reconcile";

/**
 * The thread as AG-UI messages, exactly as a client has them that saw it happen. Questions bear the
 * ids under which this client sent them; its system messages stay, though we never follow them.
 */
export function toAgUiMessages(
  thread: ChatMessage[],
  session_id: string,
  clientMessages: Message[] = [],
): Message[] {
  const matched = matchQuestions(thread, clientMessages, false);
  const names = new Map([...matched].map(([message, row]) => [row.id, message.id]));
  const kept = clientMessages.filter(({ role }) => role === "system" || role === "developer");
  return [...kept, ...thread.flatMap((row) => toMessages(row, session_id, names.get(row.id)))];
}

function toMessages(row: ChatMessage, session_id: string, name: string | undefined): Message[] {
  const { id, content, metadata } = row;
  if (row.role === "user") {
    const parts = metadata.parts as UserMessage["content"] | undefined;
    return [{ id: name ?? row.client_id ?? id, role: "user", content: parts ?? content }];
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
  const isEmpty = content === "" && tool_calls.length === 0;
  return [...thoughts, ...(isEmpty ? [] : [message]), ...results];
}

/**
 * What an answer's AG-UI message carries besides its text. One that goes on with tool calls is over,
 * for a client, before its citations are known.
 */
export function messageMetadata(
  { id, metadata }: Pick<ChatMessage, "id" | "metadata">,
  session_id: string,
): Record<string, unknown> {
  const { status, citations = [], tool_calls = [] } = metadata;
  const known = { message_id: id, session_id };
  return tool_calls.length > 0 ? known : { ...known, status, citations };
}

/**
 * What a client must be told, one snapshot after the other, to have these messages in this order.
 *
 * Clients of 1.0 keep the order of the messages they know and append the others. So what they have
 * in a wrong place goes first, before it comes again. They also keep thoughts when a snapshot has
 * none: those of an answer that is given again are emptied, and fill anew.
 */
export function toSnapshots(messages: Message[], clientMessages: Message[]): Message[][] {
  const ids = new Set(messages.map(({ id }) => id));
  const outdated = clientMessages.filter(({ id, role }) => role === "reasoning" && !ids.has(id));
  const wanted = [...messages, ...outdated.map((one) => ({ ...one, content: "" }) as Message)];
  const theirs = clientMessages.filter(({ id }) => ids.has(id));
  const prefix = theirs.findIndex(({ id }, i) => wanted[i]?.id !== id);
  return prefix < 0 ? [wanted] : [wanted.slice(0, prefix), wanted];
}

/** Has the client all answers of the thread? */
export function isBehind(thread: ChatMessage[], messages: Message[]): boolean {
  const ids = new Set(messages.map(({ id }) => id));
  return toAgUiMessages(thread, "").some(({ id, role }) => role === "assistant" && !ids.has(id));
}
