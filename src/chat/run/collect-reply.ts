import type { ChatMessage } from "../../db/chat/chat";
import { AppError } from "../../errors";
import type { ChatPart, RunSummary } from "../parts";

export type ChatReply = {
  message_id: string;
  content: string;
  citations: unknown[];
  /** Sentences of the content that their citations do not support. */
  unsupported?: unknown[];
  summary: RunSummary;
};

type LastAnswer = Pick<ChatMessage, "id" | "content" | "metadata">;

/**
 * Reads a run to its end and returns its last message.
 *
 * @param thread provides the reply of a run that generates nothing
 * @throws AppError of the run, or `chat_interrupted`
 */
export async function collectReply(
  parts: AsyncIterable<ChatPart[]>,
  thread: ChatMessage[],
): Promise<ChatReply> {
  let last: LastAnswer | undefined = thread.findLast(({ role }) => role === "assistant");
  let reply: ChatReply | undefined;
  // Reads to the end of the parts, because only then they count as delivered.
  for await (const batch of parts) {
    for (const part of batch) {
      if (part.type === "step-end") last = part.answer;
      if (part.type === "error") throw part.error;
      if (part.type === "abort") throw new AppError("chat_interrupted");
      if (part.type === "finish") {
        const { id = "", content = "", metadata } = last ?? {};
        const { citations = [], unsupported } = metadata ?? {};
        reply = {
          message_id: id,
          content,
          citations,
          ...(unsupported && { unsupported }),
          summary: part.summary,
        };
      }
    }
  }
  if (reply) return reply;
  throw new AppError("chat_interrupted");
}
