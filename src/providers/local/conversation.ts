import type { z } from "zod";
import { parseJson } from "../../text/parse-json";
import { wordsOf } from "../../text/words";
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
  /** Whether the last message asks about the place that the user looks at, and about nothing else. */
  pointsHere: "only" | "also" | "no";
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
    pointsHere: pointsHere(prompt),
  };
}

/** Words that point to what a user looks at. */
// biome-ignore format: words, by language: English, German, French, Spanish, Italian, Portuguese, Dutch, Russian
const POINTING = new Set([
  "this", "these", "here", "shown", "see", "seeing", "current", "screen",
  "dies", "diese", "dieser", "dieses", "diesem", "diesen", "hier", "gezeigt", "steht", "sehe", "aktuelle", "aktuellen",
  "ce", "cet", "cette", "cela", "ça", "ceci", "ici", "voit", "vois", "affiché", "veut", "dire", "qu'est",
  "esto", "esta", "este", "eso", "aquí", "questo", "questa", "qui", "isto", "isso", "este", "esta", "aqui",
  "dit", "deze", "hier", "staat", "это", "этот", "эта", "здесь", "тут",
]);
/** The same in scripts without spaces, and in Korean, where endings join the word. */
const POINTING_WITHIN = /这|這|此处|これ|この|ここ|이것|이거|여기|이 (?:슬라이드|페이지|부분)/gu;
/** Verbs that ask for the place itself. */
const SUMMARISE =
  /^(?:summari[sz]e|zusammenfassen|fasse|fass|zusammen|résume|résumer|resume|resumir|riassumi)$/i;

function pointsHere(prompt: ModelPrompt): Conversation["pointsHere"] {
  const messages = userTexts(prompt);
  const last = messages.at(-1) ?? "";
  const words = wordsOf(last);
  const points =
    words.some((word) => POINTING.has(word.toLowerCase())) || last.search(POINTING_WITHIN) >= 0;
  const topics = informativeWords(last.replace(POINTING_WITHIN, " ")).filter(
    (word) => !POINTING.has(word.toLowerCase()) && !SUMMARISE.test(word),
  );
  if (topics.length > 0) return points ? "also" : "no";
  // "Why?" after an answer is about the answer.
  return points || messages.length === 1 ? "only" : "no";
}

/** The best of each search, then the second best of each, and so on. */
function inTurns(results: ToolPassage[][]): ToolPassage[] {
  const longest = Math.max(0, ...results.map(({ length }) => length));
  return Array.from({ length: longest }, (_, rank) =>
    results.flatMap((passages) => passages[rank] ?? []),
  ).flat();
}

const userTexts = (prompt: ModelPrompt): string[] =>
  prompt.flatMap((message) => {
    if (message.role !== "user") return [];
    return [message.content.flatMap((part) => (part.type === "text" ? part.text : [])).join("\n")];
  });

function toQuestion(prompt: ModelPrompt): string {
  const messages = userTexts(prompt);
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
  return SearchResult.safeParse(parseJson(output.value)).data;
}
