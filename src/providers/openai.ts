import { createOpenAI } from "@ai-sdk/openai";
import { defaultSettingsMiddleware, wrapLanguageModel } from "ai";
import type { ChatModel, LanguageModelV4 } from "./chat/chat-model";
import { CHAT_TEXT, RESPONSES_TEXT } from "./chat/openai-text-frames";
import { streamWithFastPath } from "./chat/text-delta-fast-path";
import { EMBEDDING_DIMENSIONS, type Embedder } from "./embedder";
import { createSdkEmbedder } from "./sdk-embedder";
import { createSlideDescriber, type SlideDescriber } from "./slides/slide-describer";

export type OpenAISettings = {
  /** Unset: OpenAI itself. */
  baseUrl?: string;
  /** Self-hosted servers often need none. */
  apiKey?: string;
  /** Unset: responses at OpenAI, chat elsewhere, because few other servers support responses. */
  api?: "responses" | "chat";
};

const OFFICIAL_URL = "https://api.openai.com/v1";

/** The attachments that the SDK supports in each protocol. */
const ATTACHMENTS = {
  responses: ["image/*", "application/pdf"],
  chat: ["image/*", "application/pdf", "audio/wav", "audio/mp3", "audio/mpeg"],
};

/** OpenAI, or any server with its protocol. */
export class OpenAI {
  readonly #open: (fetch?: typeof globalThis.fetch) => ReturnType<typeof createOpenAI>;
  readonly #official: boolean;
  readonly #isFree: boolean;
  readonly #api: "responses" | "chat";

  constructor({ baseUrl = OFFICIAL_URL, apiKey, api }: OpenAISettings) {
    // Both are always passed, so that the SDK does not read the environment.
    this.#open = (fetch) =>
      createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? "none", ...(fetch && { fetch }) });
    this.#isFree = apiKey === undefined;
    this.#official = /(^|\.)api\.openai\.com$/.test(new URL(baseUrl).hostname);
    this.#api = api ?? (this.#official ? "responses" : "chat");
  }

  embedder(modelId: string): Embedder {
    const version3 = modelId.startsWith("text-embedding-3");
    const options = version3 ? { openai: { dimensions: EMBEDDING_DIMENSIONS } } : undefined;
    return createSdkEmbedder({
      model: `openai:${modelId}`,
      embeddingModel: this.#open().embedding(modelId),
      // Most open models read 512 tokens (BERT's positions).
      maxTokens: version3 ? 8_191 : 512,
      // An embedding is about 20 kB of JSON, so a response for 256 texts has 5 MB. Other servers often
      // accept 32 texts (the default of text-embeddings-inference).
      isFree: this.#isFree,
      textsPerRequest: this.#official ? 256 : 32,
      providerOptions: () => options,
    });
  }

  chatModel(modelId: string): ChatModel {
    const isResponses = this.#api === "responses";
    const open = (fetch?: typeof globalThis.fetch): LanguageModelV4 =>
      isResponses ? this.#responses(modelId, fetch) : this.#open(fetch).chat(modelId);
    return {
      name: `openai:${modelId}`,
      model: open(),
      streamParts: streamWithFastPath(open, isResponses ? RESPONSES_TEXT : CHAT_TEXT),
      kind: "model",
      isFree: this.#isFree,
      // Self-hosted models rarely have a context of more than 16 000 tokens.
      maxInputTokens: this.#official ? 128_000 : 12_000,
      attachments: ATTACHMENTS[this.#api],
    };
  }

  slideDescriber(modelId: string): SlideDescriber {
    const { name, model } = this.chatModel(modelId);
    return createSlideDescriber(name, model, { isFree: this.#isFree });
  }

  /** By default OpenAI stores the data of this API for 30 days; course material must not be stored there. */
  #responses(modelId: string, fetch?: typeof globalThis.fetch): LanguageModelV4 {
    const settings = { providerOptions: { openai: { store: false } } };
    return wrapLanguageModel({
      model: this.#open(fetch).responses(modelId),
      middleware: defaultSettingsMiddleware({ settings }),
    });
  }
}
