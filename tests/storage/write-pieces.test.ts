// One engine: files only.
import { afterAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePieces } from "../../src/storage/write-pieces";

const folder = await mkdtemp(join(tmpdir(), "pieces-"));
afterAll(() => rm(folder, { recursive: true }));

/** Without a pause between them, as from a decoder: `writeFile` of Bun fails only then. */
async function* piecesOf(...sizes: number[]) {
  for (const [i, size] of sizes.entries()) {
    yield Buffer.alloc(size, i + 1);
  }
}

test.each([
  [[512, 16_384, 16_384, 6_459]],
  [[3_584, 16_384, 16_384, 16_384, 16_384, 16_384, 6_459]],
  [[1, 100_000]],
  [[65_536, 3]],
  [[]],
])("pieces of %p bytes are the whole file", async (sizes) => {
  const path = join(folder, "file");
  await writePieces(path, piecesOf(...sizes));

  const wanted = Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i + 1)));
  expect(Buffer.compare(await readFile(path), wanted)).toBe(0);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("an aborted file and an error of the pieces reject", async () => {
  const path = join(folder, "stopped");
  expect(writePieces(path, piecesOf(10, 10), AbortSignal.abort(new Error("stop")))).rejects.toThrow(
    "stop",
  );
  async function* failing() {
    yield Buffer.alloc(10);
    throw new Error("damaged");
  }
  expect(writePieces(path, failing())).rejects.toThrow("damaged");
});
