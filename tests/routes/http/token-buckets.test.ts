import { describe, expect, test } from "bun:test";
import { TokenBuckets } from "../../../src/routes/http/token-buckets";

describe("a token bucket", () => {
  test("allows its capacity at once, then refills evenly within a minute", () => {
    let now = 0;
    const buckets = new TokenBuckets(60, () => now);
    const burst = Array.from({ length: 61 }, () => buckets.take("a"));

    expect(burst.filter(({ isAllowed }) => isAllowed)).toHaveLength(60);
    expect(burst[0]).toMatchObject({ remaining: 59, reset_s: 1 });
    expect(burst[60]).toEqual({
      isAllowed: false,
      limit: 60,
      remaining: 0,
      retry_after_s: 1,
      reset_s: 60,
    });
    now += 2_000;
    expect([1, 2, 3].map(() => buckets.take("a").isAllowed)).toEqual([true, true, false]);
    now += 3_600_000;
    expect(buckets.take("a").remaining).toBe(59);
  });

  test("is one for each name, and looking takes nothing", () => {
    const buckets = new TokenBuckets(1, () => 0);

    expect(buckets.look("a").isAllowed).toBe(true);
    expect(buckets.take("a").isAllowed).toBe(true);
    expect(buckets.look("a").isAllowed).toBe(false);
    expect(buckets.take("b").isAllowed).toBe(true);
    expect(buckets.take("a").retry_after_s).toBe(60);
  });

  test("can have a capacity of its own", () => {
    let now = 0;
    const buckets = new TokenBuckets(60, () => now);
    const burst = Array.from({ length: 4 }, () => buckets.take("slow", 3));

    expect(burst.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, false]);
    expect(burst[3]).toMatchObject({ limit: 3, retry_after_s: 20, reset_s: 60 });
    now += 20_000;
    expect(buckets.take("slow", 3).isAllowed).toBe(true);
    expect(buckets.take("other")).toMatchObject({ limit: 60, remaining: 59 });
  });

  test("is removed when it is full, and an attack with many names cannot fill the memory", () => {
    let now = 0;
    const buckets = new TokenBuckets(10, () => now);
    for (let i = 0; i < 50_000; i++) buckets.take(`name ${i}`);
    Bun.gc(true);

    expect(buckets.size).toBeLessThanOrEqual(10_000);
    now += 60_000;
    buckets.take("another");
    for (let i = 0; i < 10_000; i++) buckets.take(`later ${i}`);
    expect(buckets.take("later 9999").remaining).toBe(8);
  });
});
