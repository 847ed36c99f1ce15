import { type EmbeddingModel, embedMany, wrapEmbeddingModel } from "ai";
import { z } from "zod";
import { createEmbedder, type Embedder, type EmbedOptions } from "./embedder";
import { toProviderError } from "./provider-error";

type SdkEmbedderSettings = {
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
export function createSdkEmbedder(settings: SdkEmbedderSettings): Embedder {
  const { model, maxTokens, textsPerRequest, isFree, providerOptions } = settings;
  // The SDK splits by size (OpenAI's limit of tokens per request), but not by our number of texts.
  const embeddingModel = wrapEmbeddingModel({
    model: settings.embeddingModel,
    middleware: {
      specificationVersion: "v4",
      overrideMaxEmbeddingsPerCall: () => textsPerRequest,
      wrapEmbed: async ({ doEmbed }) => {
        const result = await doEmbed();
        return { ...result, embeddings: inOrder(result.embeddings, result.response?.body) };
      },
    },
  });
  return createEmbedder({
    model,
    maxTokens,
    ...(isFree !== undefined && { isFree }),
    async request(texts, { purpose, signal }) {
      try {
        const { embeddings, usage } = await embedMany({
          model: embeddingModel,
          values: texts,
          maxRetries: 0, // the queue retries
          maxParallelCalls: 1,
          abortSignal: signal,
          providerOptions: providerOptions?.(purpose),
        });
        return { embeddings, tokens: usage.tokens };
      } catch (error) {
        signal.throwIfAborted();
        throw toProviderError(error, model);
      }
    },
  });
}

const Indexed = z.object({ data: z.array(z.object({ index: z.int().nonnegative() })) });

/** Some servers answer out of order; the `index` of each entry names its text, which the SDK ignores. */
function inOrder(embeddings: number[][], body: unknown): number[][] {
  const indexes = Indexed.safeParse(body).data?.data.map(({ index }) => index) ?? [];
  const isOrder = indexes.length === embeddings.length && new Set(indexes).size === indexes.length;
  if (!isOrder || Math.max(...indexes) >= indexes.length) return embeddings;
  const ordered: number[][] = [];
  for (const [i, index] of indexes.entries()) ordered[index] = embeddings[i]!;
  return ordered;
}
