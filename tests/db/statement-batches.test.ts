import { expect, test } from "bun:test";
import { inBatches } from "../../src/db/statement-batches";

/** A statement that doubles numbers; it ends when it is released, and fails for a batch with a negative number. */
function openDoubling() {
  const batches: number[][] = [];
  const gate = Promise.withResolvers<void>();
  const double = inBatches(
    async (items: number[]) => {
      batches.push(items);
      await gate.promise;
      if (items.some((item) => item < 0)) throw new Error(`refused ${items}`);
      return items.map((item) => item * 2);
    },
    { keyOf: String, isLong: (item) => item > 1_000 },
  );
  return { batches, double, release: gate.resolve };
}

test("the first calls are sent at once, and those that wait for them become one statement", async () => {
  const { batches, double, release } = openDoubling();

  const results = Promise.all([1, 2, 3, 4, 5, 6, 7].map(double));
  expect(batches).toEqual([[1], [2], [3], [4]]);
  release();

  expect(await results).toEqual([2, 4, 6, 8, 10, 12, 14]);
  expect(batches[4]).toEqual([5, 6, 7]);
});

test("two calls with the same key are in different statements", async () => {
  const { batches, double, release } = openDoubling();

  const results = Promise.all([1, 2, 3, 4, 9, 9, 8].map(double));
  release();

  expect(await results).toEqual([2, 4, 6, 8, 18, 18, 16]);
  expect(batches.slice(4)).toEqual([[9, 8], [9]]);
});

test("a call that fails fails alone", async () => {
  const { double, release } = openDoubling();

  const results = Promise.allSettled([1, 2, 3, 4, 5, -6, 7].map(double));
  release();

  expect(
    (await results).map((one) => (one.status === "fulfilled" ? one.value : one.status)),
  ).toEqual([2, 4, 6, 8, 10, "rejected", 14]);
});

test("a statement has at most 32 items, and a long item is alone", async () => {
  const { batches, double, release } = openDoubling();
  const others = Array.from({ length: 40 }, (_, n) => 100 + n);

  const results = Promise.all([1, 2, 3, 4, 50, 2_000, ...others].map(double));
  release();
  await results;

  expect(batches.slice(4).map(({ length }) => length)).toEqual([32, 1, 9]);
});

test("a short call does not overtake a long one with the same key", async () => {
  const gate = Promise.withResolvers<void>();
  const batches: string[][] = [];
  const say = inBatches(
    async (items: string[]) => {
      batches.push(items);
      await gate.promise;
      return items;
    },
    { keyOf: (item) => item[0]!, isLong: (item) => item.length > 3 },
  );

  const results = Promise.all(["1", "2", "3", "4", "5", "a long one", "a", "6"].map(say));
  gate.resolve();
  await results;

  expect(batches.slice(4)).toEqual([["5", "6"], ["a long one"], ["a"]]);
});
