import { z } from "zod";
import { CompletionBody } from "../../chat/openai/request";
import { CheckedCitation, UnsupportedSentences } from "./chat-schemas";

const Usage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int() }),
  completion_tokens_details: z.object({ reasoning_tokens: z.int() }),
});
const Annotation = z.object({
  type: z.literal("url_citation"),
  url_citation: z.object({
    start_index: z.int(),
    end_index: z.int(),
    url: z.string(),
    title: z.string(),
  }),
});
const ToolCall = z.object({
  index: z.int(),
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const FinishReason = z.enum(["stop", "length", "tool_calls"]);
const identity = { id: z.string(), created: z.int(), model: z.string() };
const sources = {
  citations: z.array(CheckedCitation).optional(),
  unsupported: UnsupportedSentences,
  notes: z.array(z.string()).optional().describe("What was left out of the request"),
};

const Completion = z
  .object({
    ...identity,
    object: z.literal("chat.completion"),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({
          role: z.literal("assistant"),
          content: z.string(),
          annotations: z.array(Annotation).optional(),
          tool_calls: z.array(ToolCall).optional(),
          refusal: z.null(),
        }),
        logprobs: z.null(),
        finish_reason: FinishReason,
      }),
    ),
    ...sources,
    usage: Usage,
  })
  .meta({ id: "ChatCompletion" });
const Chunk = z
  .object({
    ...identity,
    object: z.literal("chat.completion.chunk"),
    choices: z.array(
      z.object({
        index: z.int(),
        delta: z.object({
          role: z.literal("assistant").optional(),
          content: z.string().optional(),
          annotations: z.array(Annotation).optional(),
          tool_calls: z.array(ToolCall).optional(),
        }),
        finish_reason: FinishReason.nullable(),
      }),
    ),
    ...sources,
    usage: Usage.optional(),
  })
  .meta({ id: "ChatCompletionChunk" });

const toSchema = (schema: z.ZodType, io: "input" | "output") =>
  z.toJSONSchema(schema, { io }) as object;

/** Validated in the handler, so that errors have the form of OpenAI's API. */
export const COMPLETION_BODY = {
  content: { "application/json": { schema: toSchema(CompletionBody, "input") } },
};
/** Not in `response`, which allows one content type only. */
export const COMPLETION_ANSWER = {
  200: {
    description:
      "A chat completion, or a stream of its chunks: one chunk in each server-sent event, then `[DONE]`",
    content: {
      "application/json": { schema: toSchema(Completion, "output") },
      "text/event-stream": { schema: toSchema(Chunk, "output") },
    },
  },
};
