import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  COMPILER_TIMEOUT_MS,
  type CompiledProgram,
  childProgram,
  findCompiled,
  hashOfFile,
  ROOT,
} from "../../../src/media/pdf/pdf-child-program";
import { PdfProcess } from "../../../src/media/pdf/pdf-process";
import { eventually } from "../../support/waiting";

const folder = await mkdtemp(join(tmpdir(), "lectern-program-"));
afterAll(() => rm(folder, { recursive: true }));

/** Any file of the project serves as the program of these records. */
const INPUT = "src/media/pdf/pdf-child.ts";
const VALID: CompiledProgram = {
  bun: Bun.version,
  root: ROOT,
  program: INPUT,
  inputs: { [INPUT]: hashOfFile(INPUT) },
};

async function find(record: string): Promise<string | undefined> {
  const path = join(folder, "record.json");
  await Bun.write(path, record);
  return findCompiled(path);
}

test("a compiled reader is used while its source is unchanged", async () => {
  expect(await find(JSON.stringify(VALID))).toBe(join(ROOT, INPUT));
});

test.each<[why: string, Partial<CompiledProgram>]>([
  ["its source has changed", { inputs: { ...VALID.inputs, [INPUT]: "other" } }],
  ["a source file is gone", { inputs: { "src/media/pdf/gone.ts": "other" } }],
  ["another version of Bun compiled it", { bun: "1.0.0" }],
  ["the project was moved", { root: "/elsewhere" }],
  ["the program was deleted", { program: "src/media/pdf/gone.js" }],
])("a compiled reader is not used when %s", async (_, change) => {
  expect(await find(JSON.stringify({ ...VALID, ...change }))).toBeUndefined();
});

test("a record that cannot be read counts as missing", async () => {
  expect(await find('{"bun": ')).toBeUndefined();
  expect(findCompiled(join(folder, "missing.json"))).toBeUndefined();
});

test(
  "the first use has the reader compiled, and it reads a deck",
  async () => {
    const program = await eventually(
      async () => childProgram(),
      (path) => path.endsWith(".js"),
      COMPILER_TIMEOUT_MS,
    );

    await using reader = new PdfProcess({ memoryMb: 502, timeoutMs: 60_000 });
    const path = join(ROOT, "examples/course/slides.pdf");
    await reader.ask("open", { path, maxPages: 100 });
    const [page] = await reader.ask("pages", { from: 1, most: 1, skip: [] });

    const command = await Bun.file(`/proc/${reader.pid}/cmdline`).text();
    expect(command).toContain(program);
    expect(page!.title).toBe("Introduction to Information Theory");
  },
  COMPILER_TIMEOUT_MS,
);
