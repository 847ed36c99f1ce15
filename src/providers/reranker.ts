import { z } from "zod";
import { AppError } from "../errors";
import { type CallUsage, type PaidCalls, UNRECORDED } from "./paid-calls";
import { postJson } from "./post-json";

/** Scores passages by reading them together with the question, more exactly than embeddings do. */
export interface Reranker {
  /** `default` if the settings name none. */
  readonly model: string;
  /** On the model's own scale. If every passage scores lower, the course does not cover the question. */
  readonly minScore?: number | undefined;
  /** One score per passage, in the same order; higher is better, on the model's own scale. */
  rerank(
    query: string,
    passages: string[],
    signal: AbortSignal,
    calls?: PaidCalls,
  ): Promise<number[]>;
}

export type RerankerSettings = {
  /** Unset: no reranker. */
  RERANK_BASE_URL?: string | undefined;
  RERANK_API_KEY?: string | undefined;
  RERANK_MODEL?: string | undefined;
  RERANK_MIN_SCORE?: number | undefined;
};

const RerankAnswer = z.object({
  results: z.array(z.object({ index: z.int().min(0), relevance_score: z.number() })),
  /** Cohere bills searches, Jina tokens. */
  meta: z
    .object({ billed_units: z.object({ search_units: z.number().nonnegative() }) })
    .optional()
    .catch(undefined),
  usage: z.object({ total_tokens: z.number().nonnegative() }).optional().catch(undefined),
});

const SERVICE = "reranker";
/** One search with at most 100 passages. */
const ONE_SEARCH = { search_units: 1 };

/** A server with `POST <base>/rerank` such as Cohere, Jina, vLLM or llama.cpp. */
export function openReranker(settings: RerankerSettings): Reranker | null {
  const { RERANK_BASE_URL: base, RERANK_API_KEY: key, RERANK_MODEL: model } = settings;
  if (!base) return null;
  return {
    model: model ?? "default",
    minScore: settings.RERANK_MIN_SCORE,
    async rerank(query, passages, signal, calls = UNRECORDED) {
      const call = {
        service: SERVICE,
        model: model ?? "default",
        isFree: !key,
        estimate: ONE_SEARCH,
      };
      return calls.run(call, async () => {
        const body = { model, query, documents: passages, top_n: passages.length };
        const options = { provider: base, key, signal };
        const json = await postJson(`${base.replace(/\/$/, "")}/rerank`, body, options);
        const answer = RerankAnswer.safeParse(json);
        const scores = new Map(answer.data?.results.map((r) => [r.index, r.relevance_score]));
        if (passages.some((_, i) => !scores.has(i))) {
          throw new AppError("provider_answer_invalid", { provider: base });
        }
        return { result: passages.map((_, i) => scores.get(i)!), usage: toUsage(answer.data) };
      });
    },
  };
}

function toUsage(answer: z.infer<typeof RerankAnswer> | undefined): CallUsage {
  const search_units = answer?.meta?.billed_units.search_units ?? ONE_SEARCH.search_units;
  const tokens = answer?.usage?.total_tokens;
  return { search_units, ...(tokens !== undefined && { tokens }) };
}
