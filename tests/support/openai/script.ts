/** One answer of the model, in the order a real one gives it: reasoning, text, tool calls. */
export type Reply = {
  reasoning?: string;
  text?: string;
  toolCalls?: ToolCall[];
  /** The text is a refusal, which has a field of its own. Chat completions only. */
  isRefusal?: boolean;
  /** The provider's filter ends the answer after its text. Chat completions only. */
  isFiltered?: boolean;
  fault?: Fault;
};

export type ToolCall = { name: string; input: unknown; id?: string };

/** What goes wrong. A word of text, reasoning or tool input counts as one token. */
export type Fault =
  /** An HTTP error instead of an answer. */
  | { kind: "status"; status: number; code?: string; retryAfterSeconds?: number }
  /** An error event in the stream, after which the stream ends. */
  | { kind: "error_event"; afterTokens: number }
  /** The connection breaks. */
  | { kind: "cut"; afterTokens: number }
  /** The stream ends properly, but early and without its closing event. */
  | { kind: "truncate"; afterTokens: number }
  /** Silence until the client goes away. */
  | { kind: "stall"; afterTokens: number }
  /** Silence until this is settled; then the answer goes on. */
  | { kind: "pause"; afterTokens: number; until: Promise<unknown> }
  /** 200 with nothing in it. */
  | { kind: "empty" }
  /** 200 with something that is not JSON. */
  | { kind: "garbage" };

/** One server-sent event of an answer. Only events that carry a token are paced and counted. */
export type Frame = { event?: string; data: unknown; token?: boolean };

/** Words with the blanks that follow them: joined again they are the text. */
export const toTokens = (text: string): string[] => text.match(/\s*\S+\s*/g) ?? [];

export const callId = (call: ToolCall, index: number) => call.id ?? `call_${index}_${call.name}`;

export const countReply = ({ reasoning = "", text = "", toolCalls = [] }: Reply) => ({
  reasoning: toTokens(reasoning).length,
  output: toTokens(text).length + toolCalls.length + toTokens(reasoning).length,
});
