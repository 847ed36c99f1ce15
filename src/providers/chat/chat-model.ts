import type { LanguageModel } from "ai";
import { z } from "zod";

/** The AI SDK's interface of language models, as `ai` names it without a further dependency. */
export type LanguageModelV4 = Extract<LanguageModel, { specificationVersion: "v4" }>;

export type ChatModel = {
  /** `provider:model` */
  readonly name: string;
  readonly model: LanguageModelV4;
  /** `extractive` quotes and writes nothing of its own: it follows no instructions. */
  readonly kind: "model" | "extractive";
  /** Tokens of instructions, history and tool results to stay below. */
  readonly maxInputTokens: number;
  /** Media types of attachments that it reads, as `image/*`; its provider fails on any other. */
  readonly attachments: string[];
};

/** Names of the tools that search the course; both take `{ query }`. */
export const SEARCH_TOOLS = { lectures: "search_lectures", slides: "search_slides" } as const;

/** What the search tools answer; `number` is what an answer cites as `[number]`. */
export const SearchResult = z.object({
  passages: z.array(
    z.object({
      number: z.int().positive(),
      title: z.string(),
      source: z.string(),
      content: z.string(),
      page_number: z.int().nullish(),
      start_ms: z.number().nullish(),
    }),
  ),
});

export type ToolPassage = z.infer<typeof SearchResult>["passages"][number];
