import type { LanguageModel } from "ai";
import { z } from "zod";
import type { OnProviderCall } from "../../metrics";

/** The AI SDK's language model interface, taken from `ai` to avoid another dependency. */
export type LanguageModelV4 = Extract<LanguageModel, { specificationVersion: "v4" }>;

export type ModelCallOptions = Parameters<LanguageModelV4["doStream"]>[0];
export type ModelPrompt = ModelCallOptions["prompt"];
export type ModelStream = Awaited<ReturnType<LanguageModelV4["doStream"]>>["stream"];
export type ModelPart = ModelStream extends ReadableStream<infer Part> ? Part : never;

/**
 * Calls a model and passes its parts on as they arrive, until their end. Rejects with the error of the call, of
 * `onPart`, or with the reason of the signal in the options.
 */
export type StreamParts = (
  options: ModelCallOptions,
  onPart: (part: ModelPart) => void,
) => Promise<void>;

export type ChatModel = {
  /** `provider:model` */
  readonly name: string;
  readonly model: LanguageModelV4;
  /** Streams an answer with less work than `model.doStream`, which is used if this is absent. */
  readonly streamParts?: StreamParts;
  /** `extractive` only quotes passages and follows no instructions. */
  readonly kind: "model" | "extractive";
  /** Its server needs no key, so its answers cost nothing. */
  readonly isFree: boolean;
  /** Limit for instructions, history and tool results together, in tokens. */
  readonly maxInputTokens: number;
  /** Media types of attachments that it reads, such as `image/*`. Its provider rejects all others. */
  readonly attachments: string[];
  /** Receives each call that ended, for the metrics; its billed units are not known here. */
  readonly onCall?: OnProviderCall;
};

/**
 * The key of `providerOptions` that the answerer without a model reads: `here`, the numbered passages that
 * the user looks at. Models get them in their instructions.
 */
export const EXTRACTIVE = "lectern.extractive";

/** Names of the tools that search the course; both take `{ query }`. */
export const SEARCH_TOOLS = { lectures: "search_lectures", slides: "search_slides" } as const;
/** The search tools take no longer query. */
export const MAX_QUERY_CHARACTERS = 8_000;

/** The result of a search tool. An answer cites a passage as `[number]`. */
export const SearchResult = z.object({
  /** False when the passages match the question poorly. */
  covered: z.boolean().nullish(),
  passages: z.array(
    z.object({
      number: z.int().positive(),
      title: z.string(),
      source: z.string(),
      content: z.string(),
      page_number: z.int().nullish(),
      page_label: z.string().nullish(),
      start_ms: z.number().nullish(),
    }),
  ),
});

export type ToolPassage = z.infer<typeof SearchResult>["passages"][number];
