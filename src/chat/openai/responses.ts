import { AppError } from "../../errors";
import { asAppError } from "../../storage/failure";
import type { ChatPart } from "../parts";
import { Completion, type CompletionIdentity } from "./completion";
import { toCompletionError } from "./error";

type Ended = NonNullable<ReturnType<Completion["end"]>>;
type ResponseEvent = { event: string; data: string };

/**
 * Converts a run to the events of OpenAI's responses API. The first events are yielded before the first
 * part is read; the last is `response.completed`, `response.incomplete` or `response.failed`.
 */
export async function* toResponseEvents(
  parts: AsyncIterable<ChatPart[]>,
  identity: CompletionIdentity,
): AsyncGenerator<ResponseEvent[]> {
  let sequence_number = 0;
  const event = (type: string, more: object): ResponseEvent => ({
    event: type,
    data: JSON.stringify({ type, sequence_number: sequence_number++, ...more }),
  });
  const begun = { ...skeleton(identity), status: "in_progress" };
  yield [
    event("response.created", { response: begun }),
    event("response.in_progress", { response: begun }),
  ];

  const completion = new Completion(identity.origin);
  const item_id = messageId(identity);
  const place = { item_id, output_index: 0, content_index: 0 };
  let isOpen = false;
  const open = () => {
    if (isOpen) return [];
    isOpen = true;
    return [
      event("response.output_item.added", {
        output_index: 0,
        item: { ...toMessageItem(item_id, "", []), status: "in_progress", content: [] },
      }),
      event("response.content_part.added", { ...place, part: toTextPart("", []) }),
    ];
  };

  try {
    for await (const batch of parts) {
      const delta = completion.add(batch);
      if (delta !== "") yield [...open(), event("response.output_text.delta", { ...place, delta })];
      const end = completion.end();
      if (!end) continue;
      const response = toResponse(identity, end);
      const events: ResponseEvent[] = response.output[0]?.type === "message" ? open() : [];
      for (const [output_index, item] of response.output.entries()) {
        if (item.type === "message") {
          const [part] = item.content;
          for (const [annotation_index, annotation] of part!.annotations.entries()) {
            const where = { ...place, annotation_index, annotation };
            events.push(event("response.output_text.annotation.added", where));
          }
          events.push(
            event("response.output_text.done", { ...place, text: part!.text }),
            event("response.content_part.done", { ...place, part }),
          );
        } else {
          const { id: item_id, arguments: input } = item;
          const call = { item_id, output_index };
          events.push(
            event("response.output_item.added", {
              output_index,
              item: { ...item, arguments: "", status: "in_progress" },
            }),
            event("response.function_call_arguments.delta", { ...call, delta: input }),
            event("response.function_call_arguments.done", { ...call, arguments: input }),
          );
        }
        events.push(event("response.output_item.done", { output_index, item }));
      }
      yield [...events, event(`response.${response.status}`, { response })];
      return;
    }
    throw new AppError("chat_interrupted");
  } catch (thrown) {
    // The cause is logged where the parts are made.
    const { code, message } = toCompletionError(asAppError(thrown)).error;
    const response = { ...begun, status: "failed", error: { code, message } };
    yield [event("response.failed", { response })];
  }
}

/**
 * Reads a run to its end and returns the response.
 *
 * @throws AppError of the run, or `chat_interrupted`
 */
export async function collectResponse(
  parts: AsyncIterable<ChatPart[]>,
  identity: CompletionIdentity,
) {
  const completion = new Completion(identity.origin);
  for await (const batch of parts) {
    completion.add(batch);
    const end = completion.end();
    if (end) return toResponse(identity, end);
  }
  throw new AppError("chat_interrupted");
}

const messageId = ({ id }: CompletionIdentity) => id.replace(/^resp/, "msg");

function skeleton({ id, created, model, notes }: CompletionIdentity) {
  return {
    id,
    object: "response" as const,
    created_at: created,
    model,
    output: [] as (ReturnType<typeof toMessageItem> | ReturnType<typeof toCallItem>)[],
    error: null,
    incomplete_details: null as { reason: string } | null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    tool_choice: "auto" as const,
    tools: [],
    temperature: null,
    top_p: null,
    ...(notes.length > 0 && { notes }),
  };
}

function toResponse(identity: CompletionIdentity, end: Ended) {
  const { message, finish_reason, usage, citations, unsupported } = end;
  const { content, annotations = [], tool_calls = [] } = message;
  const calls = tool_calls.map(toCallItem);
  const text = toMessageItem(
    messageId(identity),
    content,
    annotations.map(({ type, url_citation }) => ({ type, ...url_citation })),
  );
  const isCut = finish_reason === "length";
  return {
    ...skeleton(identity),
    status: isCut ? ("incomplete" as const) : ("completed" as const),
    incomplete_details: isCut ? { reason: "max_output_tokens" } : null,
    output: content === "" ? calls : [text, ...calls],
    citations,
    ...(unsupported && { unsupported }),
    usage: {
      input_tokens: usage.prompt_tokens,
      input_tokens_details: usage.prompt_tokens_details,
      output_tokens: usage.completion_tokens,
      output_tokens_details: usage.completion_tokens_details,
      total_tokens: usage.total_tokens,
    },
  };
}

type UrlCitation = {
  type: string;
  start_index: number;
  end_index: number;
  url: string;
  title: string;
};

const toTextPart = (text: string, annotations: UrlCitation[]) => ({
  type: "output_text" as const,
  text,
  annotations,
  logprobs: [],
});

const toMessageItem = (id: string, text: string, annotations: UrlCitation[]) => ({
  type: "message" as const,
  id,
  role: "assistant" as const,
  status: "completed" as const,
  content: [toTextPart(text, annotations)],
});

const toCallItem = ({ id, function: call }: { id: string; function: object }) => ({
  type: "function_call" as const,
  id: `fc_${id}`,
  call_id: id,
  status: "completed" as const,
  ...(call as { name: string; arguments: string }),
});
