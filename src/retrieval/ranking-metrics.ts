/** The relevance of documents to one question, by id; a document without entry is not relevant. */
export type Judgments = ReadonlyMap<string, number>;

export const RANKING_MEASURES = ["ndcg_10", "recall_10", "recall_100", "mrr_10"] as const;
export type RankingMeasure = (typeof RANKING_MEASURES)[number];
export type RankingMetrics = Record<RankingMeasure, number>;

/** Measures a ranking, best first, without duplicates. Every value is from 0 to 1, higher is better. */
export function measureRanking(ranking: string[], judgments: Judgments): RankingMetrics {
  return {
    ndcg_10: ndcg(ranking, judgments, 10),
    recall_10: recall(ranking, judgments, 10),
    recall_100: recall(ranking, judgments, 100),
    mrr_10: reciprocalRank(ranking, judgments, 10),
  };
}

/** Gains are linear, as in trec_eval. */
function ndcg(ranking: string[], judgments: Judgments, depth: number): number {
  const gain = (grades: number[]) =>
    grades.slice(0, depth).reduce((sum, grade, i) => sum + grade / Math.log2(i + 2), 0);
  const ideal = gain([...judgments.values()].sort((a, b) => b - a));
  return ideal > 0 ? gain(ranking.map((id) => Math.max(0, judgments.get(id) ?? 0))) / ideal : 0;
}

function recall(ranking: string[], judgments: Judgments, depth: number): number {
  const relevant = [...judgments].filter(([, grade]) => grade > 0);
  const found = new Set(ranking.slice(0, depth));
  return relevant.length > 0
    ? relevant.filter(([id]) => found.has(id)).length / relevant.length
    : 0;
}

function reciprocalRank(ranking: string[], judgments: Judgments, depth: number): number {
  const first = ranking.slice(0, depth).findIndex((id) => (judgments.get(id) ?? 0) > 0);
  return first < 0 ? 0 : 1 / (first + 1);
}

export type Estimate = { mean: number; low: number; high: number };

const RESAMPLES = 2_000;

/** The mean, and the 95 % interval of the means of resamples. */
export function bootstrap(values: number[], random: () => number): Estimate {
  if (values.length === 0) return { mean: 0, low: 0, high: 0 };
  const means = Array.from({ length: RESAMPLES }, () =>
    mean(values.map(() => values[Math.floor(random() * values.length)]!)),
  ).sort((a, b) => a - b);
  return {
    mean: mean(values),
    low: means[Math.floor(RESAMPLES * 0.025)]!,
    high: means[Math.ceil(RESAMPLES * 0.975) - 1]!,
  };
}

export const mean = (values: number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** A random generator with a seed (mulberry32): numbers from 0 (inclusive) to 1 (exclusive). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Splits a list into two random halves, reproducible with the same generator. */
export function halve<T>(items: T[], random: () => number): [T[], T[]] {
  const shuffled = items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
  const middle = Math.ceil(items.length / 2);
  return [shuffled.slice(0, middle), shuffled.slice(middle)];
}
