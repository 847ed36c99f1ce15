import { describe, expect, test } from "bun:test";
import { bootstrap, halve, measureRanking, seeded } from "../../src/retrieval/ranking-metrics";

describe("judge", () => {
  test("agrees with figures computed by hand", () => {
    const judgments = new Map([
      ["a", 3],
      ["b", 2],
      ["c", 1],
    ]);
    // DCG = 2/log2(3) + 3/log2(5); ideal = 3 + 2/log2(3) + 1/log2(4)
    const dcg = 2 / 1.584962500721156 + 3 / 2.321928094887362;
    const ideal = 3 + 2 / 1.584962500721156 + 0.5;

    expect(measureRanking(["x", "b", "y", "a"], judgments)).toEqual({
      ndcg_10: expect.closeTo(dcg / ideal, 12),
      recall_10: 2 / 3,
      recall_100: 2 / 3,
      mrr_10: 1 / 2,
    });
  });

  test("is 1 for the ideal ranking, and 0 for one without anything relevant", () => {
    const judgments = new Map([
      ["a", 2],
      ["b", 1],
      ["none", 0],
    ]);

    expect(measureRanking(["a", "b"], judgments)).toEqual({
      ndcg_10: 1,
      recall_10: 1,
      recall_100: 1,
      mrr_10: 1,
    });
    expect(measureRanking(["none", "x"], judgments)).toEqual({
      ndcg_10: 0,
      recall_10: 0,
      recall_100: 0,
      mrr_10: 0,
    });
  });

  test("looks no deeper than it says", () => {
    const ranking = [...Array.from({ length: 10 }, (_, i) => `x${i}`), "a"];

    expect(measureRanking(ranking, new Map([["a", 1]]))).toEqual({
      ndcg_10: 0,
      recall_10: 0,
      recall_100: 1,
      mrr_10: 0,
    });
  });
});

describe("bootstrap", () => {
  test("surrounds the mean, and is as wide as the values are far apart", () => {
    const { mean, low, high } = bootstrap([0, 1, 0, 1, 0, 1, 0, 1], seeded(1));

    expect(mean).toBe(0.5);
    // Binomial, n = 8: 95 % lie between 1/8 and 7/8.
    expect([low, high]).toEqual([0.125, 0.875]);
    expect(bootstrap([0.4, 0.4, 0.4], seeded(1))).toMatchObject({
      low: expect.closeTo(0.4),
      high: expect.closeTo(0.4),
    });
  });

  test("says the same for the same seed", () => {
    const values = Array.from({ length: 30 }, (_, i) => (i * 7) % 11);

    expect(bootstrap(values, seeded(3))).toEqual(bootstrap(values, seeded(3)));
  });
});

test("halves share nothing and miss nothing", () => {
  const [left, right] = halve([1, 2, 3, 4, 5], seeded(1));

  expect([left.length, right.length]).toEqual([3, 2]);
  expect([...left, ...right].sort()).toEqual([1, 2, 3, 4, 5]);
});
