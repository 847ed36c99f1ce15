import type { Candidate } from "../db/passages";

export type Mode = "hybrid" | "vector" | "text";

/** Share of the vector leg in a hybrid score; the rest is full text. */
export const VECTOR_WEIGHT = 0.5;

export type Scored<C> = C & { score: number };

/**
 * Orders candidates by a convex mix of both legs, each brought to 0 … 1: similarity as it is, full
 * text relative to the best match of this question. Equal scores are ordered by id, so the same
 * question has the same answer every time.
 */
export function rank<C extends Candidate>(candidates: C[], mode: Mode): Scored<C>[] {
  const bestRank = Math.max(0, ...candidates.map(({ text_rank }) => text_rank ?? 0));
  const weight = { hybrid: VECTOR_WEIGHT, vector: 1, text: 0 }[mode];

  return candidates
    .map((candidate) => {
      const similarity = candidate.distance === null ? 0 : Math.max(0, 1 - candidate.distance);
      const words = bestRank > 0 ? (candidate.text_rank ?? 0) / bestRank : 0;
      return { ...candidate, score: weight * similarity + (1 - weight) * words };
    })
    .sort((a, b) => b.score - a.score || (a.chunk_id < b.chunk_id ? -1 : 1));
}

/** The words of a question that a text search can use, each once. */
export function searchWords(question: string): string[] {
  const words = question.normalize("NFC").match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*/gu) ?? [];
  return [...new Set(words.map((word) => word.toLowerCase()))].slice(0, 64);
}
