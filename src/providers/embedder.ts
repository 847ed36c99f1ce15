import { type EmbeddingModel, embedMany, wrapEmbeddingModel } from "ai";
import { toModelName } from "../db/jobs/provider-calls";
import { AppError } from "../errors";
import { countTokens } from "../text/tokens";
import { type PaidCalls, UNRECORDED } from "./paid-calls";
import { toProviderError } from "./provider-error";

/** Length of every stored embedding; models of fewer dimensions are padded with zeros. */
export const EMBEDDING_DIMENSIONS = 1536;

export type EmbedOptions = {
  /** Some models embed questions and documents differently. */
  purpose: "document" | "query";
  signal: AbortSignal;
  /** Records each request that costs money; the local model is free. */
  calls?: PaidCalls;
};

export type Embedded = {
  /** In the order of the texts, each of unit length and `EMBEDDING_DIMENSIONS` long. */
  embeddings: number[][];
  /** The billed tokens; 0 for the local model. */
  usage: { tokens: number };
};

export interface Embedder {
  /** `provider:model`. Embeddings of different models cannot be compared. */
  readonly model: string;
  /** The longest text that the model reads completely, in tokens. */
  readonly maxTokens: number;
  countTokens(text: string): number;
  /**
   * Embeds texts, which must not be empty. One failed request fails the whole call.
   *
   * @throws AppError `provider_…`, or `config_invalid` when the model's embeddings are too long
   */
  embed(texts: string[], options: EmbedOptions): Promise<Embedded>;
  /** Another model with the same settings; undefined when they lack its provider or key. */
  withModel?(model: string): Embedder | undefined;
}

type EmbedderSettings = {
  model: string;
  embeddingModel: EmbeddingModelV4;
  maxTokens: number;
  textsPerRequest: number;
  /** The server needs no key. */
  isFree?: boolean;
  /** Further fields of the request. */
  providerOptions?: (purpose: EmbedOptions["purpose"]) => ProviderOptions;
};

type EmbeddingModelV4 = Extract<EmbeddingModel, { specificationVersion: "v4" }>;
type ProviderOptions = Parameters<typeof embedMany>[0]["providerOptions"];

/** An embedder for any embedding model of the AI SDK: one request at a time, without retries. */
export function createEmbedder(settings: EmbedderSettings): Embedder {
  const { model, maxTokens, textsPerRequest, isFree = false, providerOptions } = settings;
  // The SDK splits by size (OpenAI's limit of tokens per request), but not by our number of texts.
  const embeddingModel = wrapEmbeddingModel({
    model: settings.embeddingModel,
    middleware: {
      specificationVersion: "v4",
      overrideMaxEmbeddingsPerCall: () => textsPerRequest,
    },
  });

  const request = async (texts: string[], { purpose, signal }: EmbedOptions) => {
    try {
      return await embedMany({
        model: embeddingModel,
        values: texts,
        maxRetries: 0, // the queue retries
        maxParallelCalls: 1,
        abortSignal: signal,
        providerOptions: providerOptions?.(purpose),
      });
    } catch (error) {
      signal.throwIfAborted();
      throw toProviderError(error, model);
    }
  };

  return {
    model,
    maxTokens,
    countTokens,
    async embed(texts, options) {
      if (texts.length === 0) return { embeddings: [], usage: { tokens: 0 } };

      const { calls = UNRECORDED } = options;
      const { provider: service, model: modelId } = toModelName(model);
      // Counted only when it is read, because the local model needs no count.
      const call = {
        service,
        model: modelId,
        isFree,
        get estimate() {
          return { tokens: sumTokens(texts) };
        },
      };
      return calls.run(call, async () => {
        const { embeddings, usage } = await request(texts, options);
        const result = {
          embeddings: embeddings.map((embedding) => toStoredEmbedding(embedding, model)),
          // Google and some servers report no usage.
          usage: Number.isFinite(usage.tokens) ? { tokens: usage.tokens } : call.estimate,
        };
        return { result, usage: result.usage };
      });
    },
  };
}

/**
 * Scales an embedding to unit length and pads it with zeros, which does not change a cosine. Exported for tests.
 *
 * @throws AppError `config_invalid` when it is too long, `provider_answer_invalid` when its length is zero or not finite
 */
export function toStoredEmbedding(embedding: number[], model: string): number[] {
  if (embedding.length > EMBEDDING_DIMENSIONS) {
    const problem = `${model} returns embeddings of ${embedding.length} dimensions; at most ${EMBEDDING_DIMENSIONS} can be stored`;
    throw new AppError("config_invalid", { problems: { EMBEDDING_MODEL: [problem] } });
  }
  const length = Math.hypot(...embedding);
  if (!(length > 0 && length < Number.POSITIVE_INFINITY)) {
    const reason = "an embedding is zero or not finite";
    throw new AppError("provider_answer_invalid", { provider: model, reason });
  }
  return Array.from({ length: EMBEDDING_DIMENSIONS }, (_, i) => (embedding[i] ?? 0) / length);
}

const sumTokens = (texts: string[]) => texts.reduce((sum, text) => sum + countTokens(text), 0);
