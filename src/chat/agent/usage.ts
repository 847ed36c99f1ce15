import type { Usage } from "../parts";
import type { ModelPart } from "./model-call";

/** A provider's count as AG-UI has it. */
export function toUsage({
  inputTokens,
  outputTokens,
}: Extract<ModelPart, { type: "finish" }>["usage"]): Usage {
  const counted = {
    inputTokens: inputTokens.total,
    outputTokens: outputTokens.total,
    totalTokens: Number(inputTokens.total) + Number(outputTokens.total),
    reasoningTokens: outputTokens.reasoning,
    cachedInputTokens: inputTokens.cacheRead,
    cacheWriteInputTokens: inputTokens.cacheWrite,
  };
  // Providers leave some out, and some say NaN: AG-UI clients fail on either.
  return Object.fromEntries(
    Object.entries(counted).filter(([, count]) => Number.isSafeInteger(count) && count! >= 0),
  );
}

/** Both counts together; what only one of them knows counts as it is. */
export function addUsage(sum: Usage, more: Usage): Usage {
  const names = [...new Set([...Object.keys(sum), ...Object.keys(more)])] as (keyof Usage)[];
  return Object.fromEntries(names.map((name) => [name, (sum[name] ?? 0) + (more[name] ?? 0)]));
}
