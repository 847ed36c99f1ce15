import type { Context, Message, ResumeEntry, Tool } from "@ag-ui/core";
import { RunAgentInputSchema } from "@ag-ui/core/schemas";
import { z } from "zod";
import { AppError } from "../../errors";

/** What a client wants of a conversation, whichever way it says so. */
export type ChatRequest = {
  course_id: string;
  session_id: string;
  /** The client's name of the thread when that is not a UUID. */
  thread_id: string | null;
  /** AG-UI's names of the run, given back as they came. */
  threadId: string;
  runId: string;
  /** Missing in clients older than 1.0. */
  protocolVersion: string | undefined;
  messages: Message[];
  /** The message is new even if the same was said before. */
  surelyNew: boolean;
  /** Tools that the client runs. */
  tools: Tool[];
  context: Context[];
  /** Replies to what an earlier run asked of the user; undefined when the client sends none. */
  resume?: ResumeEntry[] | undefined;
  /** State that the client shares, if it does. */
  state: Record<string, unknown> | undefined;
};

/** Did the client announce a protocol of 1.0 or later? */
export const isModern = (protocolVersion: string | undefined) =>
  Number.parseFloat(protocolVersion ?? "0") >= 1;

const Uuid = z.guid().toLowerCase();

const PlainMessage = z.object({
  id: z.string().min(1).max(200).optional(),
  role: z.enum(["user", "assistant", "system"]),
  content: z.string().max(100_000),
});

/** The body without AG-UI: one message, or a conversation that ends with one. */
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

/** Namespace of thread names, for ids that are the same on every machine. */
const THREADS = "3f1d2c1e-6a52-5c0e-9a43-6d1f0f0c7b11";

/**
 * Reads AG-UI's RunAgentInput or the plain body.
 *
 * The course comes from forwardedProps, state, the context item `course_id`, the body or the query,
 * whichever names it first.
 *
 * @throws AppError `request_invalid`, naming the fields
 */
export function readChatRequest(body: unknown, query: { course_id?: string }): ChatRequest {
  const fields = Object(body) as Record<string, unknown>;
  const isAgUi = "threadId" in fields || "runId" in fields;
  return isAgUi ? readRunInput(fields, query) : readPlainBody(fields, query);
}

function readRunInput(fields: Record<string, unknown>, query: { course_id?: string }): ChatRequest {
  const input = parse(RunAgentInputSchema, tolerant(fields));
  const props = toObject(input.forwardedProps);
  const state = toObject(input.state);
  const item = input.context?.find(({ description }) => description === "course_id")?.value;
  const course_id = readCourseId(
    props?.course_id ?? state?.course_id ?? unquote(item) ?? fields.course_id ?? query.course_id,
  );
  const named = Uuid.safeParse(props?.session_id ?? input.threadId);
  return {
    course_id,
    session_id: named.data ?? Bun.randomUUIDv5(`${course_id}\n${input.threadId}`, THREADS),
    thread_id: named.success ? null : input.threadId,
    threadId: input.threadId,
    runId: input.runId,
    protocolVersion: input.protocolVersion,
    messages: input.messages as Message[],
    surelyNew: false,
    tools: (input.tools ?? []) as Tool[],
    context: input.context ?? [],
    resume: input.resume,
    state,
  };
}

function readPlainBody(
  fields: Record<string, unknown>,
  query: { course_id?: string },
): ChatRequest {
  const { message, messages, ...body } = parse(PlainBody, fields);
  const session_id = body.session_id ?? crypto.randomUUID();
  const said = message === undefined ? messages! : [{ role: "user" as const, content: message }];
  return {
    course_id: readCourseId(body.course_id ?? query.course_id),
    session_id,
    thread_id: null,
    threadId: session_id,
    runId: crypto.randomUUID(),
    protocolVersion: undefined,
    messages: said.map((one) => ({
      ...one,
      id: "id" in one && one.id ? one.id : crypto.randomUUID(),
    })),
    surelyNew: message !== undefined,
    tools: [],
    context: [],
    state: undefined,
  };
}

function readCourseId(value: unknown): string {
  const course = Uuid.safeParse(value);
  if (course.success) return course.data;
  const message = value === undefined ? "required" : "not a UUID";
  throw new AppError("request_invalid", { fields: [{ path: "course_id", message }] });
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = result.error.issues.slice(0, 20).map(({ path, message }) => ({
    path: path.join("."),
    message,
  }));
  throw new AppError("request_invalid", { fields });
}

/** CopilotKit's hooks write what a page shares as JSON, strings too. */
const unquote = (value: string | undefined) => value?.replace(/^"(.*)"$/, "$1");

const toObject = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;

/** Older clients write null for what is absent, and name attachments `binary`. */
function tolerant(fields: Record<string, unknown>): Record<string, unknown> {
  const { messages, tools, ...rest } = withoutNulls(fields);
  return {
    ...rest,
    ...(tools !== undefined && { tools: eachOf(tools, (tool) => withoutNulls(Object(tool))) }),
    ...(messages !== undefined && { messages: eachOf(messages, toMessage) }),
  };
}

function toMessage(sent: unknown): Record<string, unknown> {
  const { content, ...rest } = withoutNulls(Object(sent));
  return {
    ...(withoutInnerNulls(rest) as object),
    ...(content !== undefined && {
      content: eachOf(content, (part) => fromBinary(withoutInnerNulls(part))),
    }),
  };
}

const eachOf = (value: unknown, change: (one: unknown) => unknown) =>
  Array.isArray(value) ? value.map(change) : value;

const withoutNulls = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

function withoutInnerNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutInnerNulls);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(withoutNulls(value as Record<string, unknown>));
  return Object.fromEntries(fields.map(([name, inner]) => [name, withoutInnerNulls(inner)]));
}

function fromBinary(part: unknown): unknown {
  const { type, mimeType, data, url } = Object(part) as Record<string, unknown>;
  if (type !== "binary" || typeof mimeType !== "string") return part;
  const kind = /^(image|audio|video)\//.exec(mimeType)?.[1] ?? "document";
  const source = data
    ? { type: "data", value: data, mimeType }
    : { type: "url", value: url, mimeType };
  return { type: kind, source };
}
