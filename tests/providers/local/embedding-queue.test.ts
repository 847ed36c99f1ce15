import { expect, test } from "bun:test";
import { EmbeddingQueue } from "../../../src/providers/local/embedding-queue";

const signal = new AbortController().signal;

/** A model whose calls finish when the test says so. */
function manualModel() {
  const started: string[][] = [];
  const finishers: (() => void)[] = [];
  const queue = new EmbeddingQueue((texts) => {
    started.push(texts);
    return new Promise((resolve) =>
      finishers.push(() => resolve(texts.map((text) => [text.charCodeAt(0)]))),
    );
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

test("up to four questions that wait are embedded together, and each gets its own vector", async () => {
  const { queue, started, finishOne } = manualModel();
  const calls = ["a", "b", "c", "d", "e", "f"].map((text) => queue.run([text], signal));

  for (let n = 0; n < 3; n++) await finishOne();
  expect(started).toEqual([["a"], ["b", "c", "d", "e"], ["f"]]);
  expect(await Promise.all(calls)).toEqual([..."abcdef"].map((text) => [[text.charCodeAt(0)]]));
});

test("a long question is embedded alone, so that short ones do not wait for it", async () => {
  const { queue, started, finishOne } = manualModel();
  const long = "x".repeat(8_000);
  const calls = ["a", "b", long, "c", "d"].map((text) => queue.run([text], signal));

  for (let n = 0; n < 4; n++) await finishOne();
  expect(started).toEqual([["a"], ["b"], [long], ["c", "d"]]);
  await Promise.all(calls);
});

test("a question that is cancelled while it waits is not embedded with the others", async () => {
  const { queue, started, finishOne } = manualModel();
  const cancelled = new AbortController();
  const first = queue.run(["a"], signal);
  const gone = queue.run(["b"], cancelled.signal).catch((error) => error);
  const last = queue.run(["c"], signal);

  cancelled.abort(new Error("gone"));
  await finishOne();
  await finishOne();
  expect(started).toEqual([["a"], ["c"]]);
  expect(await gone).toMatchObject({ message: "gone" });
  await Promise.all([first, last]);
});

test("a question that fails does not fail the questions that are embedded with it", async () => {
  const queue = new EmbeddingQueue(async (texts) => {
    if (texts.includes("bad")) throw new Error("bad text");
    return texts.map(() => [1]);
  });
  const calls = ["first", "good", "bad", "fine"].map((text) =>
    queue.run([text], signal).catch((error: Error) => error.message),
  );

  expect(await Promise.all(calls)).toEqual([[[1]], [[1]], "bad text", [[1]]]);
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
