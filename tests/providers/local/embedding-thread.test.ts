import { expect, test } from "bun:test";
import { EmbeddingThread } from "../../../src/providers/local/embedding-thread";

const script = new URL("../../support/fragile-worker.ts", import.meta.url);

test("a thread that dies fails its call, and the next call gets a new one", async () => {
  const thread = new EmbeddingThread(script, 60_000);
  expect(await thread.embed(["a"])).toEqual([[1]]);
  expect(await thread.embed(["b"])).toEqual([[2]]);

  expect(await thread.embed(["die"]).catch((error) => error)).toBeInstanceOf(Error);
  expect(await thread.embed(["c"])).toEqual([[1]]);
  thread.stop();
});

test("a thread with nothing to do is stopped, and started again when there is", async () => {
  const thread = new EmbeddingThread(script, 20);
  expect(await thread.embed(["a"])).toEqual([[1]]);
  await Bun.sleep(60);

  expect(await thread.embed(["b"])).toEqual([[1]]);
  thread.stop();
});

test("stopping fails the call in progress", async () => {
  const thread = new EmbeddingThread(script, 60_000);
  const embedding = thread.embed(["a"]).catch((error) => error);
  thread.stop();

  expect(await embedding).toBeInstanceOf(Error);
});
