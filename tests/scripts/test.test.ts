import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTests, runTests } from "../../scripts/test";

describe("findTests", () => {
  test("finds tests that reach a database, also through a helper", async () => {
    const { withDatabase, others } = await findTests(["tests/support/", "tests/scripts/"]);

    expect(withDatabase).toContain("tests/support/database.test.ts");
    expect(others).toContain("tests/scripts/test.test.ts");
  });

  test("distinguishes pure tests from those that start a process or a server, also through src", async () => {
    const { others, pure } = await findTests(["tests/text/", "tests/media/", "tests/scripts/test"]);

    expect(others).toContain("tests/media/extract-audio.test.ts");
    expect(pure).not.toContain("tests/media/extract-audio.test.ts"); // src/media/ffmpeg.ts starts ffmpeg
    expect(pure).not.toContain("tests/scripts/test.test.ts");
    expect(pure).toContain("tests/text/chunk-transcript.test.ts");
  });

  test("finds tests that need one engine, by the reason in their first line", async () => {
    const { withDatabase, oneEngine } = await findTests([
      "tests/e2e/page-tour",
      "tests/db/chunks/",
    ]);

    expect(oneEngine).toEqual(["tests/e2e/page-tour.test.ts"]);
    expect(withDatabase.length).toBeGreaterThan(oneEngine.length);
  });

  test("takes a filter as part of a path, also in the form that a shell completes", async () => {
    const { withDatabase, others } = await findTests(["./tests/scripts/test"]);

    expect([...withDatabase, ...others]).toEqual(["tests/scripts/test.test.ts"]);
  });
});

describe("runTests", () => {
  test("counts what bun reports, and a file that does not load as a failure", async () => {
    const suite = await makeSuite({
      "good.test.ts": `test("a", () => {}); test.skip("b", () => {}); test.todo("c");`,
      "bad.test.ts": `test("d", () => { throw new Error(); });`,
      "broken.test.ts": `import "./nowhere";`,
    });

    expect(await suite.run()).toEqual({ passed: 1, failed: 2, skipped: 2 });
  });

  test("counts a file that ends its process as a failure", async () => {
    const suite = await makeSuite({ "dies.test.ts": `test("e", () => process.exit(0));` });

    expect(await suite.run()).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test("counts an error that no test reports", async () => {
    const suite = await makeSuite({
      "late.test.ts": `import { afterAll } from "bun:test";
        test("f", () => {}); afterAll(() => { throw new Error("late"); });`,
    });

    expect((await suite.run()).failed).toBeGreaterThan(0);
  });

  test("runs a failed file once more, alone, and counts only that run", async () => {
    const suite = await makeSuite({
      "steady.test.ts": `test("g", () => {});`,
      "first.test.ts": `import { existsSync, writeFileSync } from "node:fs";
        const mark = import.meta.dir + "/was-here";
        test("h", () => {});
        test("i", () => { if (!existsSync(mark)) { writeFileSync(mark, ""); throw new Error("busy"); } });`,
    });

    expect(await suite.run()).toEqual({ passed: 3, failed: 0, skipped: 0 });
  });
});

/** A suite of its own, made of files with the given bodies. */
async function makeSuite(bodies: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), "lectern-suite-"));
  const files = Object.keys(bodies).map((name) => join(folder, name));
  for (const [name, body] of Object.entries(bodies)) {
    await Bun.write(join(folder, name), `import { test } from "bun:test";\n${body}`);
  }
  const run = async () => {
    const tally = await runTests("A suite of its own", [], files, "embedded");
    await rm(folder, { recursive: true });
    return tally;
  };
  return { run };
}
