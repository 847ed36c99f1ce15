import { z } from "zod";
import { AppError, toFieldProblems } from "../errors";

/** One chat request in our own terms, whichever protocol it arrived in. */
export type ChatRequest = {
  course_id: string;
  session_id: string;
  /** The client's name of the thread when that name is not a UUID. */
  thread_id: string | null;
  run_id: string;
  /** The conversation as the client has it. */
  messages: ClientMessage[];
  /** The message is new even if the thread contains the same text already. */
  surelyNew: boolean;
  /** A history that is cut back, or whose last question changed, replaces that part of the thread. */
  canReplace: boolean;
  /**
   * The last message of the thread that the client received completely, as its state confirms; null if it
   * received none; undefined if its state does not tell.
   */
  lastSeenId?: string | null | undefined;
  /** Tools that the client runs. */
  tools: ClientTool[];
  context: PageContext[];
  /** The state that the client's page shares, without our fields; undefined if it shares none. */
  sharedState?: Record<string, unknown> | undefined;
  /** Replies to questions of an earlier run; undefined when the client sends none. */
  resume?: InterruptReply[] | undefined;
  client: ClientCapabilities;
  /**
   * The answer is written for this long after its last reader left, in milliseconds, so that the reader can
   * return. 0 if undefined.
   */
  linger_ms?: number | undefined;
  /** Joins an answer in progress, but asks the model for nothing. */
  joinsOnly?: boolean | undefined;
  settings?: AnswerSettings | undefined;
};

/** How a client wants the model to write. */
export type AnswerSettings = {
  /** Limit of each call of the model, in tokens. */
  max_output_tokens?: number | undefined;
  /** The model stops writing before any of these texts. */
  stop?: string[] | undefined;
  /** The answer must be a call of one of the client's tools; the model can search first. */
  must_call_tool?: boolean | undefined;
};

/** The abilities of the client. */
export type ClientCapabilities = {
  /** It can show a question of the model and resume the run with the reply. */
  interrupts: boolean;
  /** It reads "cancelled" as the outcome of a run; other clients get an error. */
  cancelledOutcome: boolean;
  /** It reads reasoning and tool results also in the binary form of the protocol. */
  reasoning: boolean;
};

/** A client without any of them, such as one that gets the answer as a single JSON object. */
export const NO_CAPABILITIES: ClientCapabilities = {
  interrupts: false,
  cancelledOutcome: false,
  reasoning: false,
};

export type ClientMessage =
  | { id: string; role: "user"; content: string | ClientContentPart[] }
  | { id: string; role: "assistant"; content?: string | undefined }
  | { id: string; role: "tool"; toolCallId: string; content: string | unknown[] }
  /** Roles that we do not store. */
  | { id: string; role: "system" | "developer" | "reasoning" | "activity" };

export type ClientContentPart =
  | { type: "text"; text: string }
  /** A `file` is known to the client only, so nothing here can read it. */
  | {
      type: "image" | "audio" | "video" | "document";
      source: { type: "data" | "url" | "file"; value: string; mimeType?: string | undefined };
    };

/** `parameters`: a JSON schema. */
export type ClientTool = { name: string; description: string; parameters?: unknown };

/** A fact that the client's page shares about itself. */
export type PageContext = { description: string; value: string };

/** The user's reply to one question. `interruptId` is the id of the tool call that asked it. */
export type InterruptReply = {
  interruptId: string;
  status: "resolved" | "cancelled";
  payload?: unknown;
};

export const Uuid = z.guid().toLowerCase();

/** Without a visible character and without an attachment. */
export const isBlank = (content: string | { type: string; text?: string }[]): boolean =>
  typeof content === "string"
    ? !/\S/.test(content)
    : content.every(({ type, text = "" }) => type === "text" && isBlank(text));

/**
 * A blank question further up is no reason to refuse a request: the client would send it again with each question.
 *
 * @throws AppError `request_invalid`
 */
export function refuseBlankQuestion(messages: ClientMessage[]): void {
  const at = messages.findLastIndex(({ role }) => ["user", "assistant", "tool"].includes(role));
  const last = messages[at];
  if (last?.role !== "user" || !isBlank(last.content)) return;
  const path = `messages.${at}.content`;
  throw new AppError("request_invalid", { fields: [{ path, message: "must not be blank" }] });
}

const PlainMessage = z.object({
  id: z.string().min(1).max(200).optional(),
  role: z.enum(["user", "assistant", "system"]),
  content: z.string().max(100_000),
});

/** The plain body, without AG-UI: one message, or a conversation that ends with one of the user. */
export const PlainBody = z
  .object({
    course_id: Uuid.optional(),
    session_id: Uuid.optional(),
    message: z.string().regex(/\S/, "must not be blank").max(100_000).optional(),
    messages: z.array(PlainMessage).min(1).max(1_000).optional(),
  })
  .refine(({ message, messages }) => message !== undefined || messages?.at(-1)?.role === "user", {
    path: ["message"],
    message: "required, unless messages end with one of the user",
  });

/**
 * Reads the plain body.
 *
 * @throws AppError `request_invalid`, naming the fields
 */
export function readPlainRequest(body: unknown, query: { course_id?: string }): ChatRequest {
  const { message, messages, course_id, session_id } = parseBody(PlainBody, body);
  const sent = message === undefined ? messages! : [{ role: "user" as const, content: message }];
  const withIds = sent.map((one) => ({
    ...one,
    id: "id" in one && one.id ? one.id : crypto.randomUUID(),
  }));
  refuseBlankQuestion(withIds);
  return {
    course_id: readCourseId(course_id ?? query.course_id),
    session_id: session_id ?? crypto.randomUUID(),
    thread_id: null,
    run_id: crypto.randomUUID(),
    messages: withIds,
    surelyNew: message !== undefined,
    // Such a client confirms nothing, so a lost response looks like a history that is cut back.
    canReplace: false,
    tools: [],
    context: [],
    client: NO_CAPABILITIES,
  };
}

/** @throws AppError `request_invalid` */
export function readCourseId(value: unknown): string {
  const course = Uuid.safeParse(value);
  if (course.success) return course.data;
  const message = value === undefined ? "required" : "not a UUID";
  throw new AppError("request_invalid", { fields: [{ path: "course_id", message }] });
}

/** @throws AppError `request_invalid`, naming at most 20 fields */
export function parseBody<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new AppError("request_invalid", { fields: toFieldProblems(result.error) });
}
