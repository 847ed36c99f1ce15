import { createGoogle } from "@ai-sdk/google";
import type { ChatModel } from "./chat/chat-model";
import { EMBEDDING_DIMENSIONS, type Embedder } from "./embedder";
import { createSdkEmbedder } from "./sdk-embedder";
import { createSlideDescriber, type SlideDescriber } from "./slides/slide-describer";

export type GoogleSettings = {
  /** Ends in `/v1beta`. Unset: Google itself. */
  baseUrl?: string;
  apiKey?: string;
};

const OFFICIAL_URL = "https://generativelanguage.googleapis.com/v1beta";

/** Gemini, over Google's own protocol. */
export class Google {
  readonly #provider: ReturnType<typeof createGoogle>;
  readonly #isFree: boolean;

  constructor({ baseUrl = OFFICIAL_URL, apiKey }: GoogleSettings) {
    // Both are always passed, so that the SDK does not read the environment.
    this.#provider = createGoogle({ baseURL: baseUrl, apiKey: apiKey ?? "none" });
    this.#isFree = apiKey === undefined;
  }

  embedder(modelId: string): Embedder {
    return createSdkEmbedder({
      model: `google:${modelId}`,
      embeddingModel: this.#provider.embeddingModel(modelId),
      maxTokens: 2_048,
      isFree: this.#isFree,
      textsPerRequest: 100, // Google's own limit
      providerOptions: (purpose) => ({
        google: {
          outputDimensionality: EMBEDDING_DIMENSIONS,
          taskType: purpose === "query" ? "RETRIEVAL_QUERY" : "RETRIEVAL_DOCUMENT",
        },
      }),
    });
  }

  chatModel(modelId: string): ChatModel {
    const model = this.#provider(modelId);
    const attachments = ["image/*", "application/pdf", "audio/*", "video/*"];
    const name = `google:${modelId}`;
    const isFree = this.#isFree;
    return { name, model, kind: "model", isFree, maxInputTokens: 128_000, attachments };
  }

  slideDescriber(modelId: string): SlideDescriber {
    const { name, model } = this.chatModel(modelId);
    return createSlideDescriber(name, model, { isFree: this.#isFree });
  }
}
