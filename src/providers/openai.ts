import { createOpenAI } from "@ai-sdk/openai";
import { defaultSettingsMiddleware, wrapLanguageModel } from "ai";
import type { ChatModel } from "./chat/chat-model";
import { CHAT_TEXT, RESPONSES_TEXT } from "./chat/openai-text-frames";
import { withTextDeltaFastPath } from "./chat/text-delta-fast-path";
import { createEmbedder, EMBEDDING_DIMENSIONS, type Embedder } from "./embedder";
import { createSlideDescriber, type SlideDescriber } from "./slides/slide-describer";

export type OpenAISettings = {
  /** Unset: OpenAI itself. */
  baseUrl?: string;
  /** Servers of one's own often want none. */
  apiKey?: string;
  /** Unset: responses at OpenAI itself, chat elsewhere, where few servers know anything else. */
  api?: "responses" | "chat";
};

const OFFICIAL_URL = "https://api.openai.com/v1";

/** What the SDK's providers of both protocols pass on. */
const ATTACHMENTS = {
  responses: ["image/*", "application/pdf"],
  chat: ["image/*", "application/pdf", "audio/wav", "audio/mp3", "audio/mpeg"],
};

/** OpenAI, or any server that speaks its protocol. */
export class OpenAI {
  readonly #open: (fetch?: typeof globalThis.fetch) => ReturnType<typeof createOpenAI>;
  readonly #official: boolean;
  readonly #api: "responses" | "chat";

  constructor({ baseUrl = OFFICIAL_URL, apiKey = "none", api }: OpenAISettings) {
    // Both are always given, so that the SDK never looks into the environment.
    this.#open = (fetch) => createOpenAI({ baseURL: baseUrl, apiKey, ...(fetch && { fetch }) });
    this.#official = /(^|\.)api\.openai\.com$/.test(new URL(baseUrl).hostname);
    this.#api = api ?? (this.#official ? "responses" : "chat");
  }

  embedder(modelId: string): Embedder {
    const version3 = modelId.startsWith("text-embedding-3");
    const options = version3 ? { openai: { dimensions: EMBEDDING_DIMENSIONS } } : undefined;
    return createEmbedder({
      model: `openai:${modelId}`,
      embeddingModel: this.#open().embedding(modelId),
      // 512 is what most open models take (BERT's positions).
      maxTokens: version3 ? 8_191 : 512,
      // An embedding is about 20 kB of JSON, so 256 keep an answer at 5 MB; other servers often
      // stop at 32 (the default of text-embeddings-inference).
      textsPerRequest: this.#official ? 256 : 32,
      providerOptions: () => options,
    });
  }

  chatModel(modelId: string): ChatModel {
    return {
      name: `openai:${modelId}`,
      model: this.#api === "responses" ? this.#responses(modelId) : this.#chat(modelId),
      kind: "model",
      // A server of one's own rarely has room for more than 16 000 and an answer.
      maxInputTokens: this.#official ? 128_000 : 12_000,
      attachments: ATTACHMENTS[this.#api],
    };
  }

  slideDescriber(modelId: string): SlideDescriber {
    const { name, model } = this.chatModel(modelId);
    return createSlideDescriber(name, model);
  }

  #chat(modelId: string) {
    return withTextDeltaFastPath((fetch) => this.#open(fetch).chat(modelId), CHAT_TEXT);
  }

  /** By default OpenAI keeps what goes through this API for 30 days; a course is not ours to leave. */
  #responses(modelId: string) {
    const settings = { providerOptions: { openai: { store: false } } };
    return wrapLanguageModel({
      model: withTextDeltaFastPath((fetch) => this.#open(fetch).responses(modelId), RESPONSES_TEXT),
      middleware: defaultSettingsMiddleware({ settings }),
    });
  }
}
