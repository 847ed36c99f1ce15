import type { ChatSession, Citation } from "@lectern/client";
import type { UnsupportedSentence } from "../../src/chat/citations/check";

/** The source of a number in the answers of a thread. */
export type Reference = Citation & { unsupported?: boolean };

/** A message of an answer, as Markdown. */
export type AnswerPart = {
  id: string;
  text: string;
  /** Positions in `text`. */
  unsupported: UnsupportedSentence[];
};

export type ExchangeStatus = "running" | "complete" | "stopped" | "failed";

/** A question with its answer. */
export type Exchange = {
  /** The id of the question's message. */
  id: string;
  question: string;
  parts: AnswerPart[];
  status: ExchangeStatus;
  /** The current activity of the agent, as the name of a tool or step. */
  activity: string | undefined;
  /** When the run began, in milliseconds of `Date.now()`. */
  started: number;
  problem: string | undefined;
  /** The question of the model to the reader, with its choices. */
  asked: { message: string; choices: string[] } | undefined;
  suggestions: string[];
};

export const newExchange = (id: string, question: string): Exchange => ({
  id,
  question,
  parts: [],
  status: "running",
  activity: undefined,
  started: Date.now(),
  problem: undefined,
  asked: undefined,
  suggestions: [],
});

const STATUS: Record<string, ExchangeStatus> = { aborted: "stopped", error: "failed" };

/** The exchanges and references of a stored conversation. */
export function readSession({ messages }: Pick<ChatSession, "messages">): {
  exchanges: Exchange[];
  references: Map<number, Reference>;
} {
  const exchanges: Exchange[] = [];
  const references = new Map<number, Reference>();
  for (const { id, role, content, citations, unsupported = [], metadata } of messages) {
    if (role === "user") {
      exchanges.push({ ...newExchange(id, content), status: "stopped" });
      continue;
    }
    const exchange = exchanges.at(-1);
    if (role !== "assistant" || !exchange) continue;
    exchange.status = STATUS[String(metadata.status)] ?? "complete";
    if (content !== "") exchange.parts.push({ id, text: content, unsupported });
    for (const citation of citations) references.set(citation.number, citation);
  }
  return { exchanges, references };
}
