import type { ModelPart } from "../../providers/chat/chat-model";
import type { TokenUsage } from "../parts";

/** Converts a provider's counts to AG-UI's names. */
export function toUsage({
  inputTokens,
  outputTokens,
}: Extract<ModelPart, { type: "finish" }>["usage"]): TokenUsage {
  const counts = {
    inputTokens: inputTokens.total,
    outputTokens: outputTokens.total,
    totalTokens: Number(inputTokens.total) + Number(outputTokens.total),
    reasoningTokens: outputTokens.reasoning,
    cachedInputTokens: inputTokens.cacheRead,
    cacheWriteInputTokens: inputTokens.cacheWrite,
  };
  // Some providers omit counts and some send NaN: AG-UI clients fail on both.
  return Object.fromEntries(
    Object.entries(counts).filter(([, count]) => Number.isSafeInteger(count) && count! >= 0),
  );
}

/** Adds up two counts. A field that only one of them has is copied. */
export function addUsage(sum: TokenUsage, more: TokenUsage): TokenUsage {
  const names = [...new Set([...Object.keys(sum), ...Object.keys(more)])] as (keyof TokenUsage)[];
  return Object.fromEntries(names.map((name) => [name, (sum[name] ?? 0) + (more[name] ?? 0)]));
}
