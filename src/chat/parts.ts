import type { ChatMessage, NewAnswer, NewToolResult } from "../db/chat/chat";
import type { AppError } from "../errors";
import type { Citation } from "../retrieval/search";
import type { UnsupportedSentence } from "./citations/check";
import type { PendingInterrupt } from "./thread/interrupts";

/** Token counts of the provider; counts that it does not report are absent. */
export type TokenUsage = {
  inputTokens?: number;
  outputTokens?: number;
  totalTokens?: number;
  reasoningTokens?: number;
  cachedInputTokens?: number;
  cacheWriteInputTokens?: number;
};

/** Figures of a run that ended. */
export type RunSummary = {
  model: string;
  usage: TokenUsage;
  latency_ms: number;
  /** Time to the first text; absent when the run had no text. */
  first_text_ms?: number;
  /** Number of retrieved passages. */
  hits: number;
};

/** The parts that an agent emits, in order. */
export type AgentPart =
  /** A message begins; `message_id` is the id of its row. */
  | { type: "step-start"; message_id: string }
  | { type: "text"; delta: string }
  | { type: "reasoning-start"; message_id: string }
  | { type: "reasoning"; delta: string }
  | { type: "reasoning-end" }
  | { type: "tool-start"; id: string; name: string }
  | { type: "tool-input"; id: string; delta: string }
  | { type: "tool-end"; id: string }
  | { type: "tool-result"; id: string; message_id: string; content: string }
  /** Our tools run between these two. */
  | { type: "retrieval-start" }
  | { type: "retrieval-end" }
  /** All passages retrieved so far, ordered by number. */
  | { type: "references"; references: Citation[] }
  /** Questions that the user can ask next; sent before the end of a run. */
  | { type: "suggestions"; questions: string[] }
  /** The message is complete; `answer` is the row to store. */
  | { type: "step-end"; answer: NewAnswer; usage: TokenUsage };

/** The parts of a run, in order. The last is `finish`, `abort` or `error`. */
export type ChatPart =
  | AgentPart
  /** The first part. `message_id`: the first message of the answer, or the last message of one that is complete. */
  | { type: "run-start"; message_id: string }
  | ThreadPart
  /** The sources of the last answer, for a client that receives that answer again. */
  | {
      type: "recall";
      references: Citation[];
      citations: Citation[];
      unsupported: UnsupportedSentence[];
      suggestions: string[];
    }
  /** `interrupts`: questions that the user must answer before the turn can continue. */
  | { type: "finish"; summary: RunSummary; interrupts: PendingInterrupt[] }
  /** The run was cancelled on purpose. */
  | { type: "abort" }
  | { type: "error"; error: AppError };

/** The thread as it is before the answer. */
export type ThreadPart = {
  type: "thread";
  rows: ChatMessage[];
  /** The ids under which this client knows the questions, by row id. */
  clientIds: ReadonlyMap<string, string>;
  /** The whole thread, for a client that sent nothing new or gets no new answer. */
  isReplay: boolean;
  /** Tool results made from the client's resume, which it does not have as messages. */
  replies: NewToolResult[];
};
