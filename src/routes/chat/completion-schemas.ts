import { z } from "zod";
import { EmbeddingsBody } from "../../chat/openai/embeddings";
import { CompletionBody } from "../../chat/openai/request";
import { ResponsesBody } from "../../chat/openai/responses-request";
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
  notes: z.array(z.string()).optional().describe("The parts of the request that were left out"),
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

const OutputItem = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("message"),
    id: z.string(),
    role: z.literal("assistant"),
    status: z.string(),
    content: z.array(
      z.object({
        type: z.literal("output_text"),
        text: z.string(),
        annotations: z.array(
          z.object({
            type: z.literal("url_citation"),
            start_index: z.int(),
            end_index: z.int(),
            url: z.string(),
            title: z.string(),
          }),
        ),
        logprobs: z.array(z.unknown()),
      }),
    ),
  }),
  z.object({
    type: z.literal("function_call"),
    id: z.string(),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
    status: z.string(),
  }),
]);
const OpenAiResponse = z
  .looseObject({
    id: z.string(),
    object: z.literal("response"),
    created_at: z.int(),
    status: z.enum(["in_progress", "completed", "incomplete", "failed"]),
    model: z.string(),
    output: z.array(OutputItem),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    incomplete_details: z.object({ reason: z.string() }).nullable(),
    ...sources,
  })
  .meta({ id: "OpenAiResponse" });
const OpenAiResponseEvent = z
  .looseObject({ type: z.string(), sequence_number: z.int() })
  .meta({ id: "OpenAiResponseEvent" });

/** Validated in the handler, so that errors have the form of OpenAI's API. */
export const RESPONSES_BODY = {
  content: { "application/json": { schema: toSchema(ResponsesBody, "input") } },
};
export const RESPONSES_ANSWER = {
  200: {
    description: "A response, or a stream of events: one in each server-sent event",
    content: {
      "application/json": { schema: toSchema(OpenAiResponse, "output") },
      "text/event-stream": { schema: toSchema(OpenAiResponseEvent, "output") },
    },
  },
};

const Embeddings = z
  .object({
    object: z.literal("list"),
    data: z.array(
      z.object({
        object: z.literal("embedding"),
        index: z.int(),
        embedding: z.array(z.number()).or(z.string()).describe("A text for the format base64"),
      }),
    ),
    model: z.string().describe("As in the request"),
    embedding_model: z.string().describe("The model that made the vectors: `provider:model`"),
    usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
  })
  .meta({ id: "Embeddings" });

/** Validated in the handler, so that errors have the form of OpenAI's API. */
export const EMBEDDINGS_BODY = {
  content: { "application/json": { schema: toSchema(EmbeddingsBody, "input") } },
};
/** Not in `response`, because the body is sent in pieces. */
export const EMBEDDINGS_ANSWER = {
  200: {
    description: "The embeddings, in the order of the texts",
    content: { "application/json": { schema: toSchema(Embeddings, "output") } },
  },
};
