import { toModelName } from "../db/jobs/provider-calls";
import { AppError } from "../errors";
import { countTokens } from "../text/tokens";
import { type PaidCalls, UNRECORDED } from "./paid-calls";

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
  maxTokens: number;
  /** The server needs no key. */
  isFree?: boolean;
  /**
   * Embeds texts in one or more requests.
   *
   * @returns the embeddings of the model, in the order of the texts, and the billed tokens; NaN if the server reports none
   * @throws AppError `provider_…`
   */
  request(texts: string[], options: EmbedOptions): Promise<ModelEmbeddings>;
};

export type ModelEmbeddings = { embeddings: number[][]; tokens: number };

/** An embedder whose requests are recorded and whose embeddings can be stored. */
export function createEmbedder(settings: EmbedderSettings): Embedder {
  const { model, maxTokens, isFree = false, request } = settings;
  let dimensions: number | undefined;
  /** Padded with zeros, a shorter embedding would look like one of the same model. */
  const assertSameLength = (embeddings: number[][]) => {
    for (const { length } of embeddings) {
      dimensions ??= length;
      if (length === dimensions) continue;
      const reason = `an embedding has ${length} dimensions, another has ${dimensions}`;
      throw new AppError("provider_answer_invalid", { provider: model, reason });
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
        const { embeddings, tokens } = await request(texts, options);
        assertSameLength(embeddings);
        const result = {
          embeddings: embeddings.map((embedding) => toStoredEmbedding(embedding, model)),
          // Google and some servers report no usage.
          usage: Number.isFinite(tokens) ? { tokens } : call.estimate,
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
