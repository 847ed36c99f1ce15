import type { Candidate } from "../db/chunks/candidates";

export type Mode = "hybrid" | "vector" | "text";

/** Weight of the vector search in a hybrid score, as measured in docs/decisions/0006 and 0052. The rest is full text. */
export const VECTOR_WEIGHT = 0.3;

export type Scored = Candidate & {
  /** 0 to 1, higher is better; comparable within one answer only. */
  score: number;
  /** The scores of vector search and full text, each 0 to 1. */
  similarity: number;
  words: number;
};

/**
 * Orders candidates by a convex combination of both scores, best first, always in the same order.
 *
 * Both scores are normalized for the question: full text by its best match, similarity by the range of
 * the candidates of the same model, because unrelated texts score 0.1 with one model and 0.7 with
 * another. In vector mode the similarity is the cosine.
 */
export function rank(candidates: Candidate[], mode: Mode, weight = VECTOR_WEIGHT): Scored[] {
  const bestText = Math.max(0, ...candidates.map(({ text_score }) => text_score ?? 0));
  const ranges = rangesByModel(candidates);

  return candidates
    .map((candidate) => {
      const { distance, text_score, model } = candidate;
      const { least, most } = ranges.get(model) ?? { least: 0, most: 0 };
      const inRange = (d: number) => (most > least ? (most - d) / (most - least) : 1);
      const words = bestText > 0 ? (text_score ?? 0) / bestText : 0;
      const cosine = distance === null ? 0 : clamp(1 - distance);
      const similarity = mode !== "hybrid" || distance === null ? cosine : inRange(distance);
      const score = {
        hybrid: weight * similarity + (1 - weight) * words,
        vector: cosine,
        text: words,
      };
      return { ...candidate, score: rounded(score[mode]), similarity, words };
    })
    .sort(compareScored);
}

/**
 * Best first. Equal scores are ordered by place and title before ids, because ids are random: the same material has
 * the same order when it is ingested again.
 */
export const compareScored = (a: Scored, b: Scored): number =>
  b.score - a.score ||
  a.chunk_index - b.chunk_index ||
  compareTexts(a.source, b.source) ||
  compareTexts(a.title ?? "", b.title ?? "") ||
  compareTexts(a.chunk_id, b.chunk_id);

const compareTexts = (a: string, b: string) => (a < b ? -1 : Number(a > b));

/** Rounded as in the response, so that scores that look equal are ordered as equal. */
const rounded = (score: number) => Math.round(score * 1e6) / 1e6;

const clamp = (value: number) => Math.min(1, Math.max(0, value));

function rangesByModel(candidates: Candidate[]) {
  const ranges = new Map<string | null, { least: number; most: number }>();
  for (const { model, distance } of candidates) {
    if (distance === null) continue;
    const range = ranges.get(model);
    if (!range) ranges.set(model, { least: distance, most: distance });
    else if (distance < range.least) range.least = distance;
    else if (distance > range.most) range.most = distance;
  }
  return ranges;
}
