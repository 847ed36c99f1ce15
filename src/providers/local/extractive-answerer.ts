import { toClock } from "../../text/clock";
import { toPagePlace } from "../../text/page-place";
import { splitSentences } from "../../text/sentences";
import {
  type ChatModel,
  EXTRACTIVE,
  type LanguageModelV4,
  MAX_QUERY_CHARACTERS,
  type ModelCallOptions,
  type ModelPart,
  SEARCH_TOOLS,
  SearchResult,
  type ToolPassage,
} from "../chat/chat-model";
import type { Embedder } from "../embedder";
import { type Conversation, readConversation } from "./conversation";
import { chooseExtracts } from "./extracts";

/** The beginning of an answer to a question that the course does not cover. */
export const NOT_COVERED = "I found nothing in the course that clearly answers this.";

type Content = Awaited<ReturnType<LanguageModelV4["doGenerate"]>>["content"][number];

/**
 * Answers without a language model: it searches the course and quotes the sentences closest to the
 * question, verbatim, each with its citation mark.
 *
 * It implements the interface of a language model, so that chat has one path. It writes no text of its
 * own, follows no instructions, and calls only the search tools.
 */
export function openExtractiveAnswerer(embedder: Embedder): ChatModel {
  const model: LanguageModelV4 = {
    specificationVersion: "v4",
    provider: "local",
    modelId: "extractive",
    supportedUrls: {},
    async doGenerate(options) {
      const content = await respond(options, embedder);
      return { content, finishReason: finishReasonOf(content), usage: NO_USAGE, warnings: [] };
    },
    async doStream(options) {
      const content = await respond(options, embedder);
      return { stream: toStream(toParts(content), options.abortSignal) };
    },
  };
  const name = "local:extractive";
  return {
    name,
    model,
    kind: "extractive",
    isFree: true,
    maxInputTokens: 128_000,
    attachments: [],
  };
}

async function respond(options: ModelCallOptions, embedder: Embedder): Promise<Content[]> {
  const { prompt, abortSignal: signal = new AbortController().signal } = options;
  const conversation = readConversation(prompt);
  const here = readHere(options);
  if (here.length > 0 && conversation.pointsHere === "only") return [text(quoteHere(here))];

  if (conversation.passages === undefined) {
    if (!/\S/.test(conversation.question)) {
      return [text("Write a question, and I will look for its answer in the course.")];
    }
    const searches = toSearches(conversation.question, options);
    return searches.length
      ? searches
      : [text("The course cannot be searched: no search tool is available.")];
  }
  return [text(await answer(conversation, here, { embedder, signal }))];
}

/** The passages that the user looks at, the nearest first. */
function readHere({ providerOptions }: ModelCallOptions): ToolPassage[] {
  const { here } = providerOptions?.[EXTRACTIVE] ?? {};
  return SearchResult.shape.passages.safeParse(here).data ?? [];
}

const HERE_SENTENCES = 4;

/** The beginning of the place that the user looks at, verbatim. */
function quoteHere(here: ToolPassage[]): string {
  const { content, number } = here[0]!;
  const sentences = splitSentences(content).map((one) => one.replace(/\s+/g, " ").trim());
  const quotes = sentences.filter((one) => one !== "").slice(0, HERE_SENTENCES);
  return [
    "This is what the course says here, word for word.",
    ...quotes.map((sentence) => `> ${asQuote(sentence)} [${number}]`),
  ].join("\n\n");
}

const text = (content: string): Content => ({ type: "text", text: content });

function toSearches(question: string, { tools = [], toolChoice }: ModelCallOptions): Content[] {
  if (toolChoice?.type === "none" || !question) return [];
  // A longer question is mostly pasted text, so its beginning is searched.
  const query = question.slice(0, MAX_QUERY_CHARACTERS).toWellFormed();
  const names: string[] = Object.values(SEARCH_TOOLS);
  return tools
    .filter(({ name }) => names.includes(name))
    .map(({ name }) => ({
      type: "tool-call",
      toolCallId: `call_${crypto.randomUUID()}`,
      toolName: name,
      input: JSON.stringify({ query }),
    }));
}

async function answer(
  { question, passages: found = [], covered, searchFailed, pointsHere }: Conversation,
  here: ToolPassage[],
  tools: { embedder: Embedder; signal: AbortSignal },
): Promise<string> {
  if (searchFailed) return "The course could not be searched at the moment. Please ask again.";
  const passages = [...new Map([...here, ...found].map((one) => [one.number, one])).values()];
  if (passages.length === 0) return "I found nothing about this in the course.";

  const extracts = covered ? await chooseExtracts(question, passages, tools) : [];
  if (extracts.length > 0) {
    const quotes = extracts.map(({ sentence, number }) => `> ${asQuote(sentence)} [${number}]`);
    return ["These are extracts from the course, not a written answer.", ...quotes].join("\n\n");
  }
  if (here.length > 0 && pointsHere === "also") return quoteHere(here);
  const nearest = passages.slice(0, 3).map((passage) => `- ${toMoment(passage)}`);
  return `${NOT_COVERED} The nearest moments are:\n\n${nearest.join("\n")}`;
}

/** A reference such as `[12]` on a slide must not look like one of our citation marks. */
const asQuote = (sentence: string) => sentence.replace(/\[(\d+)\]/g, "\\[$1\\]");

function toMoment({ title, page_number, page_label, start_ms, number }: ToolPassage): string {
  const place = page_number
    ? `, ${toPagePlace(page_number, page_label)}`
    : start_ms != null
      ? `, ${toClock(start_ms)}`
      : "";
  return `${asQuote(title)}${place} [${number}]`;
}

const NO_USAGE = {
  inputTokens: {
    total: undefined,
    noCache: undefined,
    cacheRead: undefined,
    cacheWrite: undefined,
  },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

function finishReasonOf(content: Content[]) {
  const searches = content.some(({ type }) => type === "tool-call");
  return { unified: searches ? "tool-calls" : "stop", raw: undefined } as const;
}

function* toParts(content: Content[]): Generator<ModelPart> {
  yield { type: "stream-start", warnings: [] };
  for (const [index, part] of content.entries()) {
    if (part.type === "text") {
      const id = `${index}`;
      yield { type: "text-start", id };
      for (const delta of part.text.match(/\s*\S+/g) ?? []) yield { type: "text-delta", id, delta };
      yield { type: "text-end", id };
    } else if (part.type === "tool-call") {
      const { toolCallId: id, toolName, input: delta } = part;
      yield { type: "tool-input-start", id, toolName };
      yield { type: "tool-input-delta", id, delta };
      yield { type: "tool-input-end", id };
      yield part;
    }
  }
  yield { type: "finish", finishReason: finishReasonOf(content), usage: NO_USAGE };
}

/** One part per read, so that a cancelled reader stops it at once. */
function toStream(
  parts: Iterator<ModelPart>,
  signal: AbortSignal | undefined,
): ReadableStream<ModelPart> {
  return new ReadableStream({
    pull(controller) {
      if (signal?.aborted) return controller.error(signal.reason);
      const { value, done } = parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}
