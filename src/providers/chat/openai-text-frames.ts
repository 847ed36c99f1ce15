import type { TextFrames } from "./text-delta-fast-path";

/** Chat completions: one choice whose delta has content alone. */
export const CHAT_TEXT: TextFrames = {
  read({ choices, usage, error }) {
    if (choices?.length !== 1 || usage || error) return undefined;
    const [{ delta, finish_reason, logprobs }] = choices;
    return !finish_reason && !logprobs && saysOnlyWords(delta) ? delta.content : undefined;
  },
  write(data, content) {
    const [choice] = data.choices;
    return { ...data, choices: [{ ...choice, delta: { ...choice.delta, content } }] };
  },
};

// biome-ignore lint/suspicious/noExplicitAny: JSON of a server
function saysOnlyWords(delta: any): boolean {
  for (const key in delta) {
    // Some servers send the fields that they do not use as null.
    if (key !== "content" && key !== "role" && delta[key] !== null) return false;
  }
  return typeof delta?.content === "string" && delta.content !== "";
}

/** Responses: an event that has a type of its own for it. */
export const RESPONSES_TEXT: TextFrames = {
  read({ type, delta, logprobs }) {
    const isText = type === "response.output_text.delta" && typeof delta === "string";
    return isText && delta !== "" && !logprobs?.length ? delta : undefined;
  },
  write: (data, delta) => ({ ...data, delta }),
};
