import { expect, test } from "bun:test";
import { EmbeddingQueue } from "../../../src/providers/local/embedding-queue";

const signal = new AbortController().signal;

/** A model whose calls finish when the test says so. */
function manualModel() {
  const started: string[][] = [];
  const finishers: (() => void)[] = [];
  const queue = new EmbeddingQueue((texts) => {
    started.push(texts);
    return new Promise((resolve) => finishers.push(() => resolve([])));
  });
  const finishOne = async () => {
    finishers.shift()!();
    await Bun.sleep(0);
  };
  return { queue, started, finishOne };
}

test("a question overtakes the documents that wait, never the one in progress", async () => {
  const { queue, started, finishOne } = manualModel();
  const calls = [["d1", "d1"], ["d2", "d2"], ["q"]].map((texts) => queue.run(texts, signal));

  expect(started).toEqual([["d1", "d1"]]);
  await finishOne();
  expect(started).toEqual([["d1", "d1"], ["q"]]);
  await finishOne();
  expect(started).toEqual([["d1", "d1"], ["q"], ["d2", "d2"]]);
  await finishOne();
  await Promise.all(calls);
});

test("a call cancelled while it waits is never made, and the one behind it is", async () => {
  const { queue, started, finishOne } = manualModel();
  const cancelled = new AbortController();
  const first = queue.run(["a", "a"], signal);
  const second = queue.run(["b", "b"], cancelled.signal).catch((error) => error);
  const third = queue.run(["c", "c"], signal);

  cancelled.abort(new Error("gone"));
  await finishOne();
  await finishOne();
  await Promise.all([first, third]);

  expect(await second).toMatchObject({ message: "gone" });
  expect(started).toEqual([
    ["a", "a"],
    ["c", "c"],
  ]);
});

test("a failure does not hold up the calls behind it", async () => {
  const queue = new EmbeddingQueue(async ([text]) => {
    if (text === "bad") throw new Error("bad text");
    return [[1]];
  });
  const failed = queue.run(["bad"], signal).catch((error) => error);

  expect(await queue.run(["good"], signal)).toEqual([[1]]);
  expect(await failed).toMatchObject({ message: "bad text" });
});
