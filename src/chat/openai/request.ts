import { z } from "zod";
import type { ChatMessage } from "../../db/chat/chat";
import { AppError } from "../../errors";
import { findMarks } from "../citations/marks";
import { type AnswerSettings, type ClientTool, isBlank, parseBody } from "../request";
import { lastTurn, type Turn } from "../thread/turn";
import { leaveOutForeignParts } from "./foreign-parts";

const TextPart = z.object({ type: z.literal("text"), text: z.string() });
const DataUrl = z.string().regex(/^data:[\w.+-]+\/[\w.+-]+;base64,/, "not a data: URL in base64");
const UserPart = z.discriminatedUnion("type", [
  TextPart,
  z.object({
    type: z.literal("image_url"),
    image_url: z.object({ url: DataUrl.or(z.url({ protocol: /^https?$/ })) }),
  }),
  z.object({ type: z.literal("file"), file: z.object({ file_data: DataUrl }) }),
]);
const Call = z.object({
  id: z.string().min(1).max(200),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const Texts = z.string().or(z.array(TextPart));

const CompletionMessage = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer"]), content: z.unknown() }),
  z.object({ role: z.literal("user"), content: z.string().or(z.array(UserPart).min(1)) }),
  z.object({
    role: z.literal("assistant"),
    content: Texts.nullish(),
    tool_calls: z.array(Call).nullish(),
  }),
  z.object({ role: z.literal("tool"), tool_call_id: z.string(), content: Texts }),
]);
type CompletionMessage = z.output<typeof CompletionMessage>;

/** Citations are checked and numbered after the model, so its tokens are not those of the answer. */
export const NO_LOGPROBS =
  "cannot be honoured: the tokens of the model are not those of the answer";

export const CompletionBody = z.object({
  model: z.string().max(200).describe("`course:<id>`, as listed by GET /v1/models"),
  messages: z.array(CompletionMessage).min(1).max(1_000),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z
    .array(
      z.object({
        type: z.literal("function"),
        function: z.object({
          name: z.string().regex(/^[\w-]{1,64}$/),
          description: z.string().nullish(),
          parameters: z.record(z.string(), z.unknown()).nullish(),
        }),
      }),
    )
    .max(128)
    .nullish()
    .describe("Tools that the client runs, in addition to the course's own"),
  tool_choice: z
    .union(
      [
        z.enum(["auto", "none", "required"]),
        z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
      ],
      "must be auto, none, required or a function",
    )
    .nullish()
    .describe(
      "`none` leaves out the client's tools. `required` and a function make the answer a call of a client's tool; the course is searched first if the model wants to",
    ),
  response_format: z
    .object({ type: z.literal("text", "must be text: answers are Markdown with citations") })
    .nullish(),
  max_tokens: z.int().min(1).nullish().describe("Limit of each call of the model"),
  max_completion_tokens: z.int().min(1).nullish().describe("The newer name of `max_tokens`"),
  stop: z
    .string()
    .min(1)
    .max(200)
    .transform((text) => [text])
    .or(z.array(z.string().min(1).max(200)).max(4))
    .nullish()
    .describe("The answer ends before the first of these texts"),
  n: z.literal(1, "must be 1").nullish(),
  functions: z.array(z.unknown()).max(0, "is not supported: send `tools`").nullish(),
  function_call: z.enum(["auto", "none"], "is not supported: send `tool_choice`").nullish(),
  modalities: z.array(z.literal("text", "must be text")).nullish(),
  logprobs: z.literal(false, NO_LOGPROBS).nullish(),
});

export type CompletionRequest = {
  course_id: string;
  model: string;
  /** The conversation as rows of a thread. */
  thread: ChatMessage[];
  turn: Turn;
  tools: ClientTool[];
  settings: AnswerSettings;
  /** The parts that were left out of the request. */
  notes: string[];
  stream: boolean;
  includeUsage: boolean;
};

/** @throws AppError `request_invalid`, naming the fields, or `course_not_found` */
export function readCompletionRequest(body: unknown): CompletionRequest {
  const { body: readable, notes } = leaveOutForeignParts(body);
  const fields = parseBody(CompletionBody, readable);
  const { model, messages, stream, stream_options, max_completion_tokens, max_tokens, stop } =
    fields;
  const { tools, must_call_tool } = readTools(fields);
  const thread = toThread(messages);
  const turn = lastTurn(thread);
  const last = messages.findLast(({ role }) => role !== "system" && role !== "developer");
  if (!turn || last?.role === "assistant" || (last?.role === "user" && isBlank(last.content))) {
    const fields = [{ path: "messages", message: "must end with a question or a tool's result" }];
    throw new AppError("request_invalid", { fields });
  }
  return {
    course_id: toCourseId(model),
    model,
    thread,
    turn,
    tools,
    settings: {
      must_call_tool,
      max_output_tokens: max_completion_tokens ?? max_tokens ?? undefined,
      stop: stop?.length ? stop : undefined,
    },
    notes,
    stream: stream ?? false,
    includeUsage: stream_options?.include_usage ?? false,
  };
}

/** @throws AppError `request_invalid` for a choice of a tool that the request does not offer */
function readTools({ tools, tool_choice: choice }: z.output<typeof CompletionBody>) {
  const offered = (tools ?? []).map(({ function: { name, description, parameters } }) => ({
    name,
    description: description ?? "",
    parameters: parameters ?? { type: "object", properties: {} },
  }));
  const wanted = typeof choice === "object" ? choice?.function.name : undefined;
  if (choice === "none") return { tools: [], must_call_tool: false };
  const chosen = wanted === undefined ? offered : offered.filter(({ name }) => name === wanted);
  const must_call_tool = choice === "required" || wanted !== undefined;
  if (must_call_tool && chosen.length === 0) {
    const fields = [{ path: "tool_choice", message: "must be a tool of `tools`" }];
    throw new AppError("request_invalid", { fields });
  }
  return { tools: chosen, must_call_tool };
}

/** @throws AppError `course_not_found` */
export function toCourseId(model: string): string {
  const id = z
    .guid()
    .toLowerCase()
    .safeParse(/^course:(.*)$/.exec(model)?.[1]);
  if (id.success) return id.data;
  const fields = [{ path: "model", message: "must be course:<id>, as GET /v1/models lists them" }];
  throw new AppError("course_not_found", { fields });
}

/** Leaves out messages of the roles system and developer: a client cannot instruct our model. */
function toThread(messages: CompletionMessage[]): ChatMessage[] {
  const results = new Map(
    messages.flatMap((one) => (one.role === "tool" ? [[one.tool_call_id, one.content]] : [])),
  );
  const thread: ChatMessage[] = [];
  let turn_id: string | null = null;
  let step = 0;
  for (const message of messages) {
    const id = crypto.randomUUID();
    if (message.role === "user") {
      [turn_id, step] = [id, 0];
      const { content } = message;
      const parts = typeof content === "string" ? undefined : content.map(toPart);
      const metadata = parts ? { parts } : {};
      thread.push(row({ id, role: "user", content: textOf(content), metadata }));
    } else if (message.role === "assistant") {
      const content = withoutMarks(textOf(message.content ?? ""));
      const tool_calls = (message.tool_calls ?? []).map(({ id, function: call }) => {
        const result = results.get(id);
        const answered = result !== undefined && { message_id: id, content: textOf(result) };
        return { id, ...call, ...(answered && { result: answered }) };
      });
      const metadata = { status: "complete" as const, imported: true as const, tool_calls };
      thread.push(row({ id, role: "assistant", content, turn_id, step, metadata }));
      step += 1;
    }
  }
  return thread;
}

const row = (message: Partial<ChatMessage> & Pick<ChatMessage, "id" | "role" | "content">) => ({
  client_id: null,
  run_id: null,
  turn_id: null,
  step: null,
  metadata: {},
  created_at: "",
  ...message,
});

function textOf(content: string | { type: string; text?: string }[]): string {
  if (typeof content === "string") return content;
  return content.flatMap(({ text }) => text ?? []).join("\n");
}

/** Converts to the content parts that the prompt builder reads. */
function toPart(part: z.output<typeof UserPart>) {
  if (part.type === "text") return part;
  const isFile = part.type === "file";
  const url = isFile ? part.file.file_data : part.image_url.url;
  const [, mimeType, value] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? [];
  const source = mimeType ? { type: "data", value, mimeType } : { type: "url", value: url };
  return { type: isFile ? "document" : "image", source };
}

/** Removes markers of earlier answers: this request renumbers the passages. */
function withoutMarks(answer: string): string {
  const marks = findMarks(answer);
  const pieces = marks.map(({ start }, i) =>
    answer.slice(marks[i - 1]?.end ?? 0, start).replace(/ $/, ""),
  );
  return pieces.join("") + answer.slice(marks.at(-1)?.end ?? 0);
}
