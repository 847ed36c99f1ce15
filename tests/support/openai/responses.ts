import { callId, countReply, type Frame, type Reply, toTokens } from "./script";

const INPUT_TOKENS = 11;

type Item = ReturnType<typeof toItems>[number];

/** `POST /v1/responses` without `stream`. */
export function response(reply: Reply, model: string) {
  const { output, reasoning } = countReply(reply);
  return {
    id: "resp_test",
    object: "response",
    created_at: 1_700_000_000,
    status: "completed",
    model,
    error: null,
    incomplete_details: null,
    output: toItems(reply),
    usage: {
      input_tokens: INPUT_TOKENS,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: reasoning },
      total_tokens: INPUT_TOKENS + output,
    },
  };
}

/** The same answer with `stream: true`, with the names and the order of the real events. */
export function* responseFrames(reply: Reply, model: string): Generator<Frame> {
  const finished = response(reply, model);
  const begun = { ...finished, status: "in_progress", output: [], usage: null };

  let sequence_number = 0;
  const frame = (type: string, data: object, token = false): Frame => ({
    event: type,
    data: { type, sequence_number: sequence_number++, ...data },
    token,
  });

  yield frame("response.created", { response: begun });
  yield frame("response.in_progress", { response: begun });
  for (const [output_index, item] of finished.output.entries()) {
    yield frame("response.output_item.added", { output_index, item: { ...item, ...EMPTY } });
    for (const { type, data, token } of itemEvents(item)) {
      yield frame(type, { item_id: item.id, output_index, ...data }, token);
    }
    yield frame("response.output_item.done", { output_index, item });
  }
  yield frame("response.completed", { response: finished });
}

/** What an item still lacks when it is announced; fields of other item types do no harm. */
const EMPTY = { status: "in_progress", content: [], summary: [], arguments: "" };

function toItems({ reasoning, text, toolCalls = [] }: Reply) {
  const annotations: unknown[] = [];
  return [
    ...(reasoning
      ? [
          {
            type: "reasoning" as const,
            id: "rs_test",
            summary: [{ type: "summary_text", text: reasoning }],
          },
        ]
      : []),
    ...(text
      ? [
          {
            type: "message" as const,
            id: "msg_test",
            role: "assistant",
            status: "completed",
            content: [{ type: "output_text", text, annotations }],
          },
        ]
      : []),
    ...toolCalls.map((call, index) => ({
      type: "function_call" as const,
      id: `fc_${index}`,
      status: "completed",
      call_id: callId(call, index),
      name: call.name,
      arguments: JSON.stringify(call.input),
    })),
  ];
}

type ItemEvent = { type: string; data: object; token?: boolean };

function* itemEvents(item: Item): Generator<ItemEvent> {
  switch (item.type) {
    case "reasoning": {
      const at = { summary_index: 0 };
      yield { type: "response.reasoning_summary_part.added", data: at };
      for (const delta of toTokens(item.summary[0]!.text)) {
        const data = { ...at, delta };
        yield { type: "response.reasoning_summary_text.delta", data, token: true };
      }
      yield { type: "response.reasoning_summary_part.done", data: at };
      break;
    }
    case "message": {
      const at = { content_index: 0 };
      const { text } = item.content[0]!;
      yield { type: "response.content_part.added", data: at };
      for (const delta of toTokens(text)) {
        yield { type: "response.output_text.delta", data: { ...at, delta }, token: true };
      }
      yield { type: "response.output_text.done", data: { ...at, text } };
      break;
    }
    case "function_call": {
      for (const delta of toTokens(item.arguments)) {
        yield { type: "response.function_call_arguments.delta", data: { delta }, token: true };
      }
      const data = { arguments: item.arguments };
      yield { type: "response.function_call_arguments.done", data };
    }
  }
}
