import type { ModelCallOptions, ModelPart, ModelPrompt } from "../../providers/chat/chat-model";

/** The names that all providers accept. */
const ACCEPTED = /^[a-z_][\w-]{0,63}$/i;

/**
 * Replaces names of tools that a provider would refuse, such as `page.open`, with it the whole question. The
 * replacement depends on the name only, so calls of earlier answers have it too.
 */
export const toProviderName = (name: string): string =>
  ACCEPTED.test(name)
    ? name
    : `_${name.replace(/[^\w-]/g, "_").slice(0, 50)}_${Bun.hash.crc32(name).toString(16)}`;

/** A call of a model, in which the tools have names that its provider accepts. */
export function withProviderNames(options: ModelCallOptions): ModelCallOptions {
  const { prompt, tools } = options;
  return {
    ...options,
    prompt: prompt.map(renameCalls),
    ...(tools && { tools: tools.map((tool) => ({ ...tool, name: toProviderName(tool.name) })) }),
  };
}

/** A part with the client's name of the tool that it names. */
export function withOwnName(part: ModelPart, tools: ModelCallOptions["tools"]): ModelPart {
  if (part.type !== "tool-input-start" && part.type !== "tool-call") return part;
  const own = tools?.find(({ name }) => toProviderName(name) === part.toolName);
  return own ? { ...part, toolName: own.name } : part;
}

function renameCalls(message: ModelPrompt[number]): ModelPrompt[number] {
  if (message.role !== "assistant" && message.role !== "tool") return message;
  const content = message.content.map((part) =>
    part.type === "tool-call" || part.type === "tool-result"
      ? { ...part, toolName: toProviderName(part.toolName) }
      : part,
  );
  return { ...message, content } as typeof message;
}
