import { z } from "zod";
import type { ChatMessage } from "../../db/chat/chat";
import { AppError } from "../../errors";
import { findMarks } from "../citations/marks";
import { type ClientTool, parseBody } from "../request";
import { lastTurn, type Turn } from "../thread/turn";

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
  n: z.literal(1).nullish(),
});

export type CompletionRequest = {
  course_id: string;
  model: string;
  /** The conversation as rows of a thread. */
  thread: ChatMessage[];
  turn: Turn;
  tools: ClientTool[];
  stream: boolean;
  includeUsage: boolean;
};

/** @throws AppError `request_invalid`, naming the fields, or `course_not_found` */
export function readCompletionRequest(body: unknown): CompletionRequest {
  const { model, messages, tools, stream, stream_options } = parseBody(CompletionBody, body);
  const thread = toThread(messages);
  const turn = lastTurn(thread);
  const last = messages.findLast(({ role }) => role !== "system" && role !== "developer");
  if (!turn || last?.role === "assistant") {
    const fields = [{ path: "messages", message: "must end with a question or a tool's result" }];
    throw new AppError("request_invalid", { fields });
  }
  return {
    course_id: toCourseId(model),
    model,
    thread,
    turn,
    tools: (tools ?? []).map(({ function: { name, description, parameters } }) => ({
      name,
      description: description ?? "",
      parameters: parameters ?? { type: "object", properties: {} },
    })),
    stream: stream ?? false,
    includeUsage: stream_options?.include_usage ?? false,
  };
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
