import { z } from "zod";
import { AppError, type FieldProblem } from "../../errors";
import { parseBody } from "../request";
import { type CompletionRequest, NO_LOGPROBS, readCompletionRequest } from "./request";

const Parts = z.string().or(z.array(z.looseObject({ type: z.string().max(100) })));
const InputMessage = z.object({
  type: z.literal("message").optional(),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: Parts,
});
const InputCall = z.object({
  type: z.literal("function_call"),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
});
const InputResult = z.object({
  type: z.literal("function_call_output"),
  call_id: z.string(),
  output: Parts,
});
/** Reasoning, references to stored items and other kinds, which are left out. */
const OtherItem = z.looseObject({ type: z.string().max(100) });
const InputItem = InputMessage.or(InputCall).or(InputResult).or(OtherItem);

export const ResponsesBody = z.object({
  model: z.string().max(200).describe("`course:<id>`, as listed by GET /v1/models"),
  input: z.string().or(z.array(InputItem).min(1).max(1_000)),
  stream: z.boolean().nullish(),
  max_output_tokens: z.int().min(1).nullish().describe("Limit of each call of the model"),
  tools: z
    .array(
      z.object({
        type: z.literal("function", "must be function: the course is searched without a tool"),
        name: z.string(),
        description: z.string().nullish(),
        parameters: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .max(128)
    .nullish(),
  tool_choice: z
    .union(
      [
        z.enum(["auto", "none", "required"]),
        z.object({ type: z.literal("function"), name: z.string() }),
      ],
      "must be auto, none, required or a function",
    )
    .nullish(),
  text: z
    .object({
      format: z
        .object({ type: z.literal("text", "must be text: answers are Markdown with citations") })
        .nullish(),
    })
    .nullish(),
  previous_response_id: z.null("is not kept here: send the whole conversation").optional(),
  conversation: z.null("is not kept here: send the whole conversation").optional(),
  prompt: z.null("is not kept here: send the question as `input`").optional(),
  top_logprobs: z.literal(0, NO_LOGPROBS).nullish(),
  background: z.literal(false, "must be false").nullish(),
});

/**
 * Reads a request of OpenAI's responses API as one of its chat completions API.
 *
 * @throws AppError `request_invalid`, naming the fields, or `course_not_found`
 */
export function readResponsesRequest(body: unknown): CompletionRequest {
  const asked = parseBody(ResponsesBody, body);
  const notes: string[] = [];
  const items =
    typeof asked.input === "string"
      ? [{ role: "user" as const, content: asked.input }]
      : asked.input;
  const messages = items.flatMap((item, index) => {
    const message = toMessage(item as z.output<typeof InputItem>);
    if (!message) notes.push(`input.${index}: an item of this type is left out`);
    return message ?? [];
  });
  if (messages.length === 0) {
    const fields = [{ path: "input", message: "must end with a question or a tool's result" }];
    throw new AppError("request_invalid", { fields });
  }
  const choice = asked.tool_choice;
  const request = withOwnNames(() =>
    readCompletionRequest({
      model: asked.model,
      messages,
      stream: asked.stream,
      max_completion_tokens: asked.max_output_tokens,
      tools: asked.tools?.map(({ type, ...tool }) => ({ type, function: tool })),
      tool_choice:
        typeof choice === "object" && choice !== null
          ? { type: "function", function: { name: choice.name } }
          : choice,
    }),
  );
  return { ...request, notes: [...notes, ...request.notes] };
}

/** Errors name the fields of this API. Items can be left out, so the numbers of messages are not those of items. */
function withOwnNames(read: () => CompletionRequest): CompletionRequest {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AppError) || error.errorCode !== "request_invalid") throw error;
    const fields = (error.details.fields as FieldProblem[]).map(({ path, message }) => ({
      path: path
        .replace(/^messages\b.*/, "input")
        .replace(/^(tools\.\d+)\.function/, "$1")
        .replace("max_completion_tokens", "max_output_tokens"),
      message,
    }));
    throw new AppError("request_invalid", { fields }, { cause: error });
  }
}

function toMessage(item: z.output<typeof InputItem>): object | null {
  const call = InputCall.safeParse(item).data;
  if (call) {
    const { call_id: id, name, arguments: input } = call;
    const tool_calls = [{ id, type: "function", function: { name, arguments: input } }];
    return { role: "assistant", tool_calls };
  }
  const result = InputResult.safeParse(item).data;
  if (result) return { role: "tool", tool_call_id: result.call_id, content: toText(result.output) };
  const message = InputMessage.safeParse(item).data;
  if (!message) return null;
  const { role, content } = message;
  if (typeof content === "string") return { role, content };
  return { role, content: role === "user" ? content.map(toPart) : toText(content) };
}

type Part = { type: string; [more: string]: unknown };

const toText = (content: string | Part[]): string =>
  typeof content === "string"
    ? content
    : content.flatMap(({ text }) => (typeof text === "string" ? text : [])).join("\n");

/** The parts of chat completions have other names; unknown parts keep theirs, and are left out later. */
function toPart(part: Part): object {
  if (part.type === "input_text") return { type: "text", text: part.text };
  if (part.type === "input_image" && typeof part.image_url === "string") {
    return { type: "image_url", image_url: { url: part.image_url } };
  }
  if (part.type === "input_file" && typeof part.file_data === "string") {
    return { type: "file", file: { file_data: part.file_data } };
  }
  return part;
}
