import type { z } from "zod";
import { type ModelPrompt, SEARCH_TOOLS, SearchResult, type ToolPassage } from "../chat/chat-model";
import { informativeWords } from "./words";

type ToolPart = Extract<ModelPrompt[number], { role: "tool" }>["content"][number];
type ToolOutput = Extract<ToolPart, { type: "tool-result" }>["output"];

export type Conversation = {
  /** The user's last message; with the one before, if it is too short to be searched alone. */
  question: string;
  /** The passages found for this question, best first, without duplicates; undefined before any search. */
  passages: ToolPassage[] | undefined;
  /** False when no search found passages that match the question. */
  covered: boolean;
  /** All searches failed. */
  searchFailed: boolean;
};

/** Reads the question and the found passages from a prompt. */
export function readConversation(prompt: ModelPrompt): Conversation {
  const lastUser = prompt.findLastIndex(({ role }) => role === "user");
  const outputs = prompt.slice(lastUser + 1).flatMap(searchOutputs);
  const results = outputs.map(toSearchResult);
  const succeeded = results.filter((result) => result !== undefined);
  const found = inTurns(succeeded.map(({ passages }) => passages));

  return {
    question: toQuestion(prompt),
    passages:
      outputs.length > 0 ? [...new Map(found.map((p) => [p.number, p])).values()] : undefined,
    covered: succeeded.some(({ covered }) => covered !== false),
    searchFailed: outputs.length > 0 && succeeded.length === 0,
  };
}

/** The best of each search, then the second best of each, and so on. */
function inTurns(results: ToolPassage[][]): ToolPassage[] {
  const longest = Math.max(0, ...results.map(({ length }) => length));
  return Array.from({ length: longest }, (_, rank) =>
    results.flatMap((passages) => passages[rank] ?? []),
  ).flat();
}

function toQuestion(prompt: ModelPrompt): string {
  const messages = prompt.flatMap((message) => {
    if (message.role !== "user") return [];
    return [message.content.flatMap((part) => (part.type === "text" ? part.text : [])).join("\n")];
  });
  const last = messages.at(-1) ?? "";
  const before = messages.at(-2) ?? "";
  return leansOnEarlier(last) ? [last, ...informativeWords(before)].join(" ").trim() : last;
}

/** "Why?" and "And for gases?" need the message before; "What is entropy?" does not. */
function leansOnEarlier(question: string): boolean {
  const words = informativeWords(question).length;
  return (
    words === 0 || (words === 1 && /^(and|but|or|so|then|what about|how about)\b/i.test(question))
  );
}

function searchOutputs(message: ModelPrompt[number]): ToolOutput[] {
  if (message.role !== "tool") return [];
  const names: string[] = Object.values(SEARCH_TOOLS);
  return message.content.flatMap((part) =>
    part.type === "tool-result" && names.includes(part.toolName) ? [part.output] : [],
  );
}

/** Undefined for a failed search and for a result of another shape. */
function toSearchResult(output: ToolOutput): z.infer<typeof SearchResult> | undefined {
  if (output.type === "json") return SearchResult.safeParse(output.value).data;
  if (output.type !== "text") return undefined;
  try {
    return SearchResult.safeParse(JSON.parse(output.value)).data;
  } catch {
    return undefined;
  }
}
