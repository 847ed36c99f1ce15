import type { Message } from "@ag-ui/core";
import { RunAgentInputSchema } from "@ag-ui/core/schemas";
import { z } from "zod";
import { AppError } from "../../errors";
import { isShowSource, SHOW_SOURCE } from "../agent/show-source";
import {
  type ChatRequest,
  type ClientCapabilities,
  type ClientMessage,
  type ClientTool,
  parseBody,
  readCourseId,
  readPlainRequest,
  refuseBlankQuestion,
  Uuid,
} from "../request";

/** A chat request with the AG-UI values that its events repeat. */
export type AgUiRequest = ChatRequest & {
  /** As the client sent it. */
  threadId: string;
  messages: Message[];
  /** The state that the client shares, if it shares one. */
  state: Record<string, unknown> | undefined;
};

/** Namespace of thread names: the same name has the same id on every machine. */
const THREADS = "3f1d2c1e-6a52-5c0e-9a43-6d1f0f0c7b11";

/**
 * Reads AG-UI's RunAgentInput or the plain body.
 *
 * The course is the first of: forwardedProps, state, the context item `course_id`, the body, the query.
 *
 * @param user_id the user who asks: the same thread name of two users is two threads
 * @throws AppError `request_invalid`, naming the fields
 */
export function readChatRequest(
  body: unknown,
  query: { course_id?: string },
  user_id: string | null = null,
): AgUiRequest {
  const fields = Object(body) as Record<string, unknown>;
  refuseSnakeCase(fields);
  if (isRunInput(fields)) return readRunInput(fields, query, user_id);
  const plain = readPlainRequest(fields, query);
  return {
    ...plain,
    messages: plain.messages as Message[],
    threadId: plain.session_id,
    state: undefined,
  };
}

const isRunInput = (fields: Record<string, unknown>) => "threadId" in fields || "runId" in fields;

/** AG-UI's names are in camel case. Without this check a thread without its name would begin at each question. */
const CAMEL_CASE = {
  thread_id: "threadId",
  run_id: "runId",
  forwarded_props: "forwardedProps",
};

/** @throws AppError `request_invalid`, naming the fields */
function refuseSnakeCase(sent: Record<string, unknown>): void {
  const fields = Object.entries(CAMEL_CASE)
    .filter(([snake, camel]) => snake in sent && !(camel in sent))
    .map(([path, camel]) => ({
      path,
      message: `write ${camel}${path === "thread_id" ? ", or session_id in the plain body" : ""}`,
    }));
  if (fields.length > 0) throw new AppError("request_invalid", { fields });
}

/**
 * The thread whose course answers a request that names none; undefined if the request names a course or no thread.
 */
export function findThreadOfUnnamedCourse(
  body: unknown,
  query: { course_id?: string },
): { session_id: string } | { thread_id: string } | undefined {
  const fields = Object(body) as Record<string, unknown>;
  if (findCourse(fields, query) !== undefined) return undefined;
  const props = toObject(fields.forwardedProps);
  const name = isRunInput(fields) ? (props?.session_id ?? fields.threadId) : fields.session_id;
  const id = Uuid.safeParse(name);
  if (id.success) return { session_id: id.data };
  return isRunInput(fields) && typeof name === "string" ? { thread_id: name } : undefined;
}

/** The first course that a body or query names. */
function findCourse(fields: Record<string, unknown>, query: { course_id?: string }): unknown {
  const context = Array.isArray(fields.context) ? fields.context : [];
  const item = context.find((one) => Object(one).description === "course_id")?.value;
  return (
    toObject(fields.forwardedProps)?.course_id ??
    toObject(fields.state)?.course_id ??
    (typeof item === "string" ? unquote(item) : undefined) ??
    fields.course_id ??
    query.course_id
  );
}

function readRunInput(
  fields: Record<string, unknown>,
  query: { course_id?: string },
  user_id: string | null,
): AgUiRequest {
  refuseLongLists(fields);
  const input = parseBody(RunAgentInputSchema, normalizeInput(fields));
  refuseBlankQuestion(input.messages as ClientMessage[]);
  const props = toObject(input.forwardedProps);
  const state = toObject(input.state);
  const course_id = readCourseId(findCourse(fields, query));
  const named = Uuid.safeParse(props?.session_id ?? input.threadId);
  if (!named.success) refuseBlankThread(input.threadId);
  const threadName = [course_id, input.threadId, ...(user_id === null ? [] : [user_id])].join("\n");
  const isVersion1 = Number.parseFloat(input.protocolVersion ?? "0") >= 1;
  return {
    course_id,
    session_id: named.data ?? Bun.randomUUIDv5(threadName, THREADS),
    thread_id: named.success ? null : input.threadId,
    threadId: input.threadId,
    run_id: input.runId,
    client: capabilitiesOf(isVersion1, props?.interrupts),
    ...readReturnProps(props),
    messages: input.messages as Message[],
    surelyNew: false,
    canReplace: true,
    lastSeenId: readLastSeenId(state),
    tools: ((input.tools ?? []) as ClientTool[]).map((tool) =>
      isShowSource(tool) ? SHOW_SOURCE : tool,
    ),
    context: input.context ?? [],
    sharedState: withoutOurs(state),
    resume: input.resume,
    state,
  };
}

/**
 * All callers without a name would share one conversation.
 *
 * @throws AppError `request_invalid`
 */
function refuseBlankThread(threadId: string): void {
  if (/\S/.test(threadId)) return;
  const message = "must not be blank: give each conversation an id of its own";
  throw new AppError("request_invalid", { fields: [{ path: "threadId", message }] });
}

/** The longest time for which an answer is written without a reader, in milliseconds. */
const MAX_LINGER_MS = 20_000;

const ReturnProps = z.object({
  forwardedProps: z.object({
    linger_ms: z.int().min(0).max(MAX_LINGER_MS).optional(),
    rejoin: z.boolean().optional(),
  }),
});

/**
 * Reads how long an answer waits for a client whose connection broke, and whether the client only joins a run.
 *
 * @throws AppError `request_invalid`
 */
function readReturnProps(forwardedProps: Record<string, unknown> = {}) {
  const { linger_ms, rejoin } = parseBody(ReturnProps, { forwardedProps }).forwardedProps;
  return { linger_ms, joinsOnly: rejoin };
}

/** The events of a run write this field into the client's state, and the client sends the state again. */
function readLastSeenId(state: Record<string, unknown> | undefined): string | null | undefined {
  const id = state?.last_message_id;
  return typeof id === "string" || id === null ? id : undefined;
}

/** The client's own part of its state, or undefined. */
function withoutOurs({
  course_id: _course,
  references: _references,
  last_message_id: _id,
  ...shared
}: Record<string, unknown> = {}): Record<string, unknown> | undefined {
  return Object.keys(shared).length > 0 ? shared : undefined;
}

/** AG-UI's schema sets no limits, and it describes each wrong item of a list. */
const MAX_ITEMS: Record<string, number> = {
  messages: 5_000,
  content: 1_000,
  toolCalls: 1_000,
  tools: 1_000,
  context: 1_000,
  resume: 1_000,
};

/** @throws AppError `request_invalid` */
function refuseLongLists(fields: Record<string, unknown>, parent = ""): void {
  for (const [name, limit] of Object.entries(MAX_ITEMS)) {
    const list = fields[name];
    if (!Array.isArray(list)) continue;
    const path = `${parent}${name}`;
    if (list.length > limit) {
      throw new AppError("request_invalid", {
        fields: [{ path, message: `has more than ${limit} items` }],
      });
    }
    if (name === "messages") {
      for (const [index, message] of list.entries())
        refuseLongLists(Object(message), `${path}.${index}.`);
    }
  }
}

/**
 * Clients announce a version, not capabilities; 1.0 brought all three. CopilotKit's client can resume after
 * an interrupt, but announces no version, so a page with `useInterrupt` says so in its properties.
 *
 * @param interrupts `forwardedProps.interrupts`
 */
const capabilitiesOf = (isVersion1: boolean, interrupts: unknown): ClientCapabilities => ({
  interrupts: typeof interrupts === "boolean" ? interrupts : isVersion1,
  cancelledOutcome: isVersion1,
  reasoning: isVersion1,
});

/** CopilotKit's hooks encode shared values as JSON, strings included. */
const unquote = (value: string | undefined) => value?.replace(/^"(.*)"$/, "$1");

const toObject = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;

/**
 * Accepts the forms of older clients: null for an absent field, and attachments of type `binary`. A client
 * sends an attachment again with each run, so one that is refused would end its thread.
 */
function normalizeInput(fields: Record<string, unknown>): Record<string, unknown> {
  const { messages, tools, ...rest } = withoutNulls(fields);
  return {
    ...rest,
    ...(tools !== undefined && { tools: mapItems(tools, (tool) => withoutNulls(Object(tool))) }),
    ...(messages !== undefined && { messages: mapItems(messages, toMessage) }),
  };
}

function toMessage(sent: unknown): Record<string, unknown> {
  const { content, ...rest } = withoutNulls(Object(sent));
  return {
    ...(withoutInnerNulls(rest) as object),
    ...(content !== undefined && {
      content: mapItems(content, (part) => toPart(withoutInnerNulls(part))),
    }),
  };
}

const mapItems = (value: unknown, change: (one: unknown) => unknown) =>
  Array.isArray(value) ? value.map(change) : value;

const withoutNulls = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

function withoutInnerNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutInnerNulls);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(withoutNulls(value as Record<string, unknown>));
  return Object.fromEntries(fields.map(([name, inner]) => [name, withoutInnerNulls(inner)]));
}

const MEDIA = ["image", "audio", "video", "document"];

/** An attachment that has no readable source is kept as a file that we cannot read. */
function toPart(part: unknown): unknown {
  const { type, ...fields } = Object(part) as Record<string, unknown>;
  if (typeof type !== "string" || type === "text") return part;
  const { mimeType, data, url, id, source } = fields;
  if (MEDIA.includes(type)) {
    const { value } = Object(source) as Record<string, unknown>;
    return typeof value === "string" ? part : { type, source: UNREADABLE };
  }
  const kind =
    /^(image|audio|video)\b/.exec(type === "binary" ? `${mimeType}` : type)?.[1] ?? "document";
  const known = typeof mimeType === "string" ? { mimeType } : {};
  for (const [form, value] of Object.entries({ data, url, file: id })) {
    if (type === "binary" && typeof value === "string" && value !== "")
      return {
        type: kind,
        source: {
          type: form,
          value,
          ...(form !== "data" || known.mimeType ? known : { mimeType: "application/octet-stream" }),
        },
      };
  }
  return { type: kind, source: UNREADABLE };
}

const UNREADABLE = { type: "file", value: "unreadable" };
