import type { Interrupt, Message } from "@ag-ui/core";
import type { NewAnswer } from "../db/chat/chat";
import type { AppError } from "../errors";
import type { Citation } from "../retrieval/search";

/** Tokens as the provider counted them; what it does not say is left out. */
export type Usage = {
  inputTokens?: number;
  outputTokens?: number;
  totalTokens?: number;
  reasoningTokens?: number;
  cachedInputTokens?: number;
  cacheWriteInputTokens?: number;
};

/** What is known of a run when it ends. */
export type RunSummary = {
  model: string;
  usage: Usage;
  latency_ms: number;
  /** Until the first text; missing when there was none. */
  first_text_ms?: number;
  /** Passages that were retrieved. */
  hits: number;
};

/** What happens while an agent works, in order. */
export type AgentPart =
  /** A new message begins; `message_id` is the id of its row. */
  | { type: "step-start"; message_id: string }
  | { type: "text"; delta: string }
  | { type: "reasoning-start"; message_id: string }
  | { type: "reasoning"; delta: string }
  | { type: "reasoning-end" }
  | { type: "tool-start"; id: string; name: string }
  | { type: "tool-input"; id: string; delta: string }
  | { type: "tool-end"; id: string }
  | { type: "tool-result"; id: string; message_id: string; content: string }
  /** Everything retrieved so far, in the order of its numbers. */
  | { type: "references"; references: Citation[] }
  /** The message is over: as it will be stored. */
  | { type: "step-end"; answer: NewAnswer; usage: Usage };

/** What a client of a conversation is told. The last part is `finish`, `abort` or `error`. */
export type ChatPart =
  | AgentPart
  /** The whole thread, for a client that does not have it. */
  | { type: "history"; messages: Message[] }
  /** What the last answer rests on, for a client that gets it again. */
  | { type: "recall"; references: Citation[]; citations: Citation[] }
  /** `interrupts`: what the user must reply before the answer goes on. */
  | { type: "finish"; summary: RunSummary; interrupts: Interrupt[] }
  /** The run was called off on purpose. */
  | { type: "abort" }
  | { type: "error"; error: AppError };

/** What a run's events say of it. */
export type RunIdentity = {
  threadId: string;
  runId: string;
  /** As the client announced it; clients older than 1.0 announce none. */
  protocolVersion: string | undefined;
  session_id: string;
  /** The id that the answer's first message is expected to have. */
  message_id: string;
  course_id: string;
  request_id: string;
  model: string;
  /** State that the client shares; left out, none is sent. */
  state: Record<string, unknown> | undefined;
};
