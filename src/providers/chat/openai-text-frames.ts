import type { TextFrames } from "./text-delta-fast-path";

/** Chat completions: a frame with one choice, in which the delta has content only. */
export const CHAT_TEXT: TextFrames = {
  read({ choices, usage, error }) {
    if (choices?.length !== 1 || usage || error) return undefined;
    const [{ delta, finish_reason, logprobs }] = choices;
    return !finish_reason && !logprobs && hasTextOnly(delta) ? delta.content : undefined;
  },
  write(data, content) {
    const [choice] = data.choices;
    return { ...data, choices: [{ ...choice, delta: { ...choice.delta, content } }] };
  },
};

// biome-ignore lint/suspicious/noExplicitAny: unvalidated JSON
function hasTextOnly(delta: any): boolean {
  for (const key in delta) {
    // Some servers send unused fields as null.
    if (key !== "content" && key !== "role" && delta[key] !== null) return false;
  }
  return typeof delta?.content === "string";
}

/** Responses: text has its own event type. */
export const RESPONSES_TEXT: TextFrames = {
  read({ type, delta, logprobs }) {
    const isText = type === "response.output_text.delta" && typeof delta === "string";
    return isText && delta !== "" && !logprobs?.length ? delta : undefined;
  },
  write: (data, delta) => ({ ...data, delta }),
};
