import { expect, test } from "bun:test";
import { join } from "node:path";
import { EmbeddingProcess } from "../../../src/providers/local/embedding-process";

const script = join(import.meta.dir, "../../support/fragile-child.ts");

test("a process that dies fails its call, and the next call gets a new one", async () => {
  const model = new EmbeddingProcess(script, 60_000);
  expect(await model.embed(["a"])).toEqual([[1]]);
  expect(await model.embed(["b"])).toEqual([[2]]);

  expect(await model.embed(["die"]).catch((error) => error)).toBeInstanceOf(Error);
  expect(await model.embed(["c"])).toEqual([[1]]);
  model.stop();
});

test("a process with nothing to do is stopped, and started again when there is", async () => {
  const model = new EmbeddingProcess(script, 20);
  expect(await model.embed(["a"])).toEqual([[1]]);
  await Bun.sleep(60);

  expect(await model.embed(["b"])).toEqual([[1]]);
  model.stop();
});

test("stopping fails the call in progress", async () => {
  const model = new EmbeddingProcess(script, 60_000);
  const embedding = model.embed(["a"]).catch((error) => error);
  model.stop();

  expect(await embedding).toBeInstanceOf(Error);
});
