import { type Message, PROTOCOL_VERSION } from "@ag-ui/core";
import { RunAgentInputSchema } from "@ag-ui/core/schemas";
import { AppError } from "../../errors";
import {
  type ChatRequest,
  type ClientCapabilities,
  type ClientTool,
  parseBody,
  readCourseId,
  readPlainRequest,
  Uuid,
} from "../request";

/** A chat request with the AG-UI values that its events repeat. */
export type AgUiRequest = ChatRequest & {
  /** As the client sent it. */
  threadId: string;
  /** The version to announce in RUN_STARTED; undefined for clients older than 1.0. */
  protocolVersion: string | undefined;
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
  const isAgUi = "threadId" in fields || "runId" in fields;
  if (isAgUi) return readRunInput(fields, query, user_id);
  const plain = readPlainRequest(fields, query);
  return {
    ...plain,
    messages: plain.messages as Message[],
    threadId: plain.session_id,
    protocolVersion: undefined,
    state: undefined,
  };
}

function readRunInput(
  fields: Record<string, unknown>,
  query: { course_id?: string },
  user_id: string | null,
): AgUiRequest {
  refuseLongLists(fields);
  const input = parseBody(RunAgentInputSchema, normalizeInput(fields));
  const props = toObject(input.forwardedProps);
  const state = toObject(input.state);
  const item = input.context?.find(({ description }) => description === "course_id")?.value;
  const course_id = readCourseId(
    props?.course_id ?? state?.course_id ?? unquote(item) ?? fields.course_id ?? query.course_id,
  );
  const named = Uuid.safeParse(props?.session_id ?? input.threadId);
  const threadName = [course_id, input.threadId, ...(user_id === null ? [] : [user_id])].join("\n");
  const isVersion1 = Number.parseFloat(input.protocolVersion ?? "0") >= 1;
  return {
    course_id,
    session_id: named.data ?? Bun.randomUUIDv5(threadName, THREADS),
    thread_id: named.success ? null : input.threadId,
    threadId: input.threadId,
    run_id: input.runId,
    protocolVersion: isVersion1 ? PROTOCOL_VERSION : undefined,
    client: capabilitiesOf(isVersion1),
    messages: input.messages as Message[],
    surelyNew: false,
    canReplace: true,
    lastSeenId: readLastSeenId(state),
    tools: (input.tools ?? []) as ClientTool[],
    context: input.context ?? [],
    resume: input.resume,
    state,
  };
}

/** The events of a run write this field into the client's state, and the client sends the state again. */
function readLastSeenId(state: Record<string, unknown> | undefined): string | null | undefined {
  const id = state?.last_message_id;
  return typeof id === "string" || id === null ? id : undefined;
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

/** Clients announce a version, not capabilities; 1.0 brought all three. */
const capabilitiesOf = (isVersion1: boolean): ClientCapabilities => ({
  interrupts: isVersion1,
  cancelledOutcome: isVersion1,
  reasoning: isVersion1,
});

/** CopilotKit's hooks encode shared values as JSON, strings included. */
const unquote = (value: string | undefined) => value?.replace(/^"(.*)"$/, "$1");

const toObject = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;

/** Accepts the forms of older clients: null for an absent field, and attachments of type `binary`. */
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
      content: mapItems(content, (part) => fromBinary(withoutInnerNulls(part))),
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

function fromBinary(part: unknown): unknown {
  const { type, mimeType, data, url } = Object(part) as Record<string, unknown>;
  if (type !== "binary" || typeof mimeType !== "string") return part;
  const kind = /^(image|audio|video)\//.exec(mimeType)?.[1] ?? "document";
  const source = data
    ? { type: "data", value: data, mimeType }
    : { type: "url", value: url, mimeType };
  return { type: kind, source };
}
