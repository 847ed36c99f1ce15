import { callId, countReply, type Frame, type Reply, toTokens } from "./script";

const INPUT_TOKENS = 11;

const usageOf = (reply: Reply) => {
  const { output, reasoning } = countReply(reply);
  return {
    prompt_tokens: INPUT_TOKENS,
    completion_tokens: output,
    total_tokens: INPUT_TOKENS + output,
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
};

const finishReason = ({ toolCalls = [], isFiltered }: Reply) =>
  isFiltered ? "content_filter" : toolCalls.length ? "tool_calls" : "stop";

/** `POST /v1/chat/completions` without `stream`. This protocol has no place for reasoning. */
export function chatCompletion(reply: Reply, model: string) {
  const tool_calls = reply.toolCalls?.map((call, index) => ({
    id: callId(call, index),
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.input) },
  }));
  const message = { role: "assistant", content: reply.text ?? null, refusal: null, tool_calls };

  return {
    id: "chatcmpl-test",
    object: "chat.completion",
    created: 1_700_000_000,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply) }],
    usage: usageOf(reply),
  };
}

/** The same answer with `stream: true`: OpenAI opens with an empty delta, as here. */
export function* chatCompletionFrames(reply: Reply, model: string): Generator<Frame> {
  const chunk = (choices: unknown[], usage?: unknown) => ({
    id: "chatcmpl-test",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model,
    choices,
    usage,
  });
  const delta = (change: object, finish_reason: string | null = null) =>
    chunk([{ index: 0, delta: change, logprobs: null, finish_reason }]);

  yield { data: delta({ role: "assistant", content: "" }) };
  for (const content of toTokens(reply.text ?? "")) {
    yield { data: delta(reply.isRefusal ? { refusal: content } : { content }), token: true };
  }
  for (const [index, call] of (reply.toolCalls ?? []).entries()) {
    const opening = {
      index,
      id: callId(call, index),
      type: "function",
      function: { name: call.name, arguments: "" },
    };
    yield { data: delta({ tool_calls: [opening] }) };
    for (const piece of toTokens(JSON.stringify(call.input))) {
      const growing = { index, function: { arguments: piece } };
      yield { data: delta({ tool_calls: [growing] }), token: true };
    }
  }
  yield { data: delta({}, finishReason(reply)) };
  yield { data: chunk([], usageOf(reply)) };
  yield { data: "[DONE]" };
}
