import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTests, readTally } from "../../scripts/test";

describe("findTests", () => {
  test("tells tests that reach a database, even through a helper, from those that do not", async () => {
    const { withDatabase, others } = await findTests(["tests/support/", "tests/scripts/"]);

    expect(withDatabase).toContain("tests/support/database.test.ts");
    expect(others).toContain("tests/scripts/test.test.ts");
  });

  test("tells pure tests from those that start a process or a server, even through src", async () => {
    const { others, pure } = await findTests(["tests/text/", "tests/media/", "tests/scripts/test"]);

    expect(others).toContain("tests/media/extract-audio.test.ts");
    expect(pure).not.toContain("tests/media/extract-audio.test.ts"); // src/media/ffmpeg.ts starts ffmpeg
    expect(pure).not.toContain("tests/scripts/test.test.ts");
    expect(pure).toContain("tests/text/chunk-transcript.test.ts");
  });

  test("takes a filter as part of a path, also in the form that a shell completes", async () => {
    const { withDatabase, others } = await findTests(["./tests/scripts/test"]);

    expect([...withDatabase, ...others]).toEqual(["tests/scripts/test.test.ts"]);
  });
});

describe("readTally", () => {
  test("counts what bun reports, and a file that does not load as a failure", async () => {
    const { report, exitCode } = await runSuite({
      "good.test.ts": `test("a", () => {}); test.skip("b", () => {}); test.todo("c");`,
      "bad.test.ts": `test("d", () => { throw new Error(); });`,
      "broken.test.ts": `import "./nowhere";`,
    });

    expect(readTally(report, exitCode)).toEqual({ passed: 1, failed: 2, skipped: 2 });
  });

  test("is one failure for a run that died before its summary", async () => {
    const { report, exitCode } = await runSuite({
      "dies.test.ts": `test("e", () => process.exit(0));`,
    });

    expect(readTally(report, exitCode)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test("is a failure where the exit code says so and no test does", () => {
    const report = " 3 pass\n 0 fail\nRan 3 tests across 1 file. [5.00ms]\n";

    expect(readTally(report, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  });
});

/** Runs a suite of its own, made of files with the given bodies. */
async function runSuite(bodies: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), "lectern-suite-"));
  for (const [name, body] of Object.entries(bodies)) {
    await Bun.write(join(folder, name), `import { test } from "bun:test";\n${body}`);
  }
  const suite = Bun.spawnSync([process.execPath, "test"], { cwd: folder });
  await rm(folder, { recursive: true });
  return { report: suite.stderr.toString(), exitCode: suite.exitCode };
}
