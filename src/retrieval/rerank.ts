import { type PaidCalls, UNRECORDED } from "../providers/paid-calls";
import type { Reranker } from "../providers/reranker";
import type { Passage } from "./passage";

/** Passages given to the reranker for each wanted one. */
export const READ_PER_WANTED = 3;
/** A better order is not worth a longer wait. */
export const PATIENCE_MS = 2_000;

export type RerankedPassages = {
  passages: Passage[];
  /** The score of the best passage on the model's own scale; null without passages or a valid answer. */
  best_score: number | null;
};

/**
 * Orders passages by the scores of a reranker. If it fails, is too slow or returns invalid scores, the
 * passages are returned unchanged.
 *
 * @param calls  records the call
 * @param patienceMs  time limit of the reranker, in milliseconds
 */
export async function rerankPassages(
  reranker: Reranker,
  query: string,
  passages: Passage[],
  {
    signal,
    calls = UNRECORDED,
    patienceMs = PATIENCE_MS,
  }: { signal: AbortSignal; calls?: PaidCalls; patienceMs?: number },
): Promise<RerankedPassages> {
  if (passages.length === 0) return { passages, best_score: null };
  try {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    const contents = passages.map(({ content }) => content);
    const given = await reranker.rerank(query, contents, inTime, calls);
    const scores = toShares(given);
    const ordered = passages
      .map((passage, i) => ({
        ...passage,
        score: scores[i]!,
        metadata: { ...passage.metadata, reranked: true },
      }))
      .sort((a, b) => b.score - a.score);
    return { passages: ordered, best_score: Math.max(...given) };
  } catch {
    signal.throwIfAborted();
    return { passages, best_score: null };
  }
}

/** Some models return scores from 0 to 1, others any number. */
function toShares(scores: number[]): number[] {
  const areShares = scores.every((score) => score >= 0 && score <= 1);
  return areShares ? scores : scores.map((score) => 1 / (1 + Math.exp(-score)));
}
