import type { Reranker } from "../providers/reranker";
import type { Passage } from "./passage";

/** Passages that a reranker reads per wanted one. */
export const READ_PER_WANTED = 3;
/** Longer than that, a better order is not worth the wait. */
const PATIENCE_MS = 2_000;

/**
 * Orders passages as a reranker scores them. One that fails, is slow or makes no sense changes nothing:
 * then the passages are as they were.
 */
export async function rerankPassages(
  reranker: Reranker,
  query: string,
  passages: Passage[],
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<Passage[]> {
  if (passages.length < 2) return passages;
  try {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    const contents = passages.map(({ content }) => content);
    const scores = toShares(await reranker.rerank(query, contents, inTime));
    return passages
      .map((passage, i) => ({
        ...passage,
        score: scores[i]!,
        metadata: { ...passage.metadata, reranked: true },
      }))
      .sort((a, b) => b.score - a.score || (a.chunk_id < b.chunk_id ? -1 : 1));
  } catch {
    signal.throwIfAborted();
    return passages;
  }
}

/** Some models answer 0 to 1, others any number at all. */
function toShares(scores: number[]): number[] {
  const areShares = scores.every((score) => score >= 0 && score <= 1);
  return areShares ? scores : scores.map((score) => 1 / (1 + Math.exp(-score)));
}
