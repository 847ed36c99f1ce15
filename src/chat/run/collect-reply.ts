import type { ChatMessage } from "../../db/chat/chat";
import { AppError } from "../../errors";
import type { ChatPart, RunSummary } from "../parts";

export type Reply = {
  message_id: string;
  content: string;
  citations: unknown[];
  summary: RunSummary;
};

type Said = Pick<ChatMessage, "id" | "content" | "metadata">;

/**
 * Listens to a run to its end and answers what was said last.
 *
 * @param thread what a run that says nothing new is answered from
 * @throws AppError of the run, or `chat_interrupted`
 */
export async function collectReply(
  parts: AsyncIterable<ChatPart[]>,
  thread: ChatMessage[],
): Promise<Reply> {
  let said: Said | undefined = thread.findLast(({ role }) => role === "assistant");
  for await (const batch of parts) {
    for (const part of batch) {
      if (part.type === "step-end") said = part.answer;
      if (part.type === "error") throw part.error;
      if (part.type === "abort") throw new AppError("chat_interrupted");
      if (part.type === "finish") {
        const { id = "", content = "", metadata } = said ?? {};
        const citations = metadata?.citations ?? [];
        return { message_id: id, content, citations, summary: part.summary };
      }
    }
  }
  throw new AppError("chat_interrupted");
}
