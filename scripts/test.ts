/**
 * What `./lectern test` runs: formatting, types, then every test. Tests that use a database run
 * twice, on the embedded one and on a native PostgreSQL. The last line counts it all.
 *
 * Arguments that begin with `-` go to `bun test`; others choose test files by a part of their path.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";

const PROJECT = join(import.meta.dir, "..");
const TESTS = join(PROJECT, "tests/");
const DATABASE = join(TESTS, "support/database.ts");

export type Tally = { passed: number; failed: number; skipped: number };
export type TestFiles = { withDatabase: string[]; others: string[] };

const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };

async function testEverything(args: string[]): Promise<Tally> {
  const flags = args.filter((arg) => arg.startsWith("-"));
  const filters = args.filter((arg) => !arg.startsWith("-"));
  const { withDatabase, others } = await findTests(filters);
  if (withDatabase.length + others.length === 0) {
    console.error(`No test file has ${filters.join(" or ")} in its path.`);
    return { ...NOTHING, failed: 1 };
  }
  const test = (title: string, files: string[], engine: string) =>
    files.length === 0
      ? NOTHING
      : runTests(`${title}, ${files.length} files`, [...flags, ...files], engine);

  const hasNative = startNative(); // first, because some plain tests use its programs
  const formatting = await runCheck("Formatting and lint", ["biome", "check", "."]);
  const types = await runCheck("Types", ["tsc"]);
  const plain = await test("Tests without a database", others, "embedded");
  const embedded = await test("Tests on the embedded database", withDatabase, "embedded");
  const native = hasNative
    ? await test("Tests on a native PostgreSQL", withDatabase, "native")
    : { ...NOTHING, skipped: embedded.passed + embedded.failed + embedded.skipped };

  return sum([formatting, types, plain, embedded, native]);
}

/**
 * The test files whose path contains one of `filters`, or all; told apart by whether they, or what
 * they import from `tests/`, use a database.
 */
export async function findTests(filters: string[]): Promise<TestFiles> {
  const paths = await Array.fromAsync(new Glob("tests/**/*.test.{ts,tsx}").scan(PROJECT));
  const parts = filters.map((filter) => filter.replace(/^\.\//, ""));
  const chosen = paths
    .filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)))
    .sort();
  const usesDatabase = (path: string) => reachesDatabase(join(PROJECT, path), new Set());

  return {
    withDatabase: chosen.filter(usesDatabase),
    others: chosen.filter((path) => !usesDatabase(path)),
  };
}

const RELATIVE_IMPORT = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/** Reads no further than `tests/`, and not strictly: a file that is broken fails when it runs. */
function reachesDatabase(path: string, seen: Set<string>): boolean {
  if (path === DATABASE) return true;
  if (seen.has(path) || !path.startsWith(TESTS) || !existsSync(path)) return false;
  seen.add(path);
  return readFileSync(path, "utf8")
    .matchAll(RELATIVE_IMPORT)
    .map(([, imported]) => join(dirname(path), imported!))
    .some((target) => reachesDatabase(/\.tsx?$/.test(target) ? target : `${target}.ts`, seen));
}

/** A check counts as one test: it passes or fails as a whole. */
async function runCheck(title: string, command: string[]): Promise<Tally> {
  const { exitCode } = await runBun(title, ["run", "--bun", ...command], {});
  return exitCode === 0 ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 };
}

/**
 * Real databases, browsers and ffmpeg answer within this even on a machine that stands still now and
 * then, and what a test waits for in vain is told before; a slower test says so itself.
 */
const TIMEOUT_MS = 90_000;

async function runTests(title: string, args: string[], engine: string): Promise<Tally> {
  const command = ["test", `--timeout=${TIMEOUT_MS}`, ...args];
  const { exitCode, report } = await runBun(title, command, { TEST_ENGINE: engine });
  return readTally(report, exitCode);
}

/** The summary is the last thing that `bun test` prints, and far shorter than this. */
const REPORT_CHARACTERS = 4_000;

/** Passes everything on as it comes, and answers the end of what was printed on stderr. */
async function runBun(
  title: string,
  args: string[],
  env: Record<string, string>,
): Promise<{ exitCode: number; report: string }> {
  console.error(`\n--- ${title}`);
  const colour = process.stderr.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: PROJECT,
    env: { ...process.env, ...colour, ...env },
    stdout: "inherit",
    stderr: "pipe",
  });
  let report = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    process.stderr.write(text);
    report = (report + text).slice(-REPORT_CHARACTERS);
  }
  return { exitCode: await child.exited, report };
}

/**
 * Counts from the end of `bun test`'s report. What its summary leaves out counts as one failure:
 * a run that died before it, or an exit code that no failed test explains.
 */
export function readTally(report: string, exitCode: number): Tally {
  const text = Bun.stripANSI(report);
  const summary = text.slice(text.search(/^ \d+ pass$(?![\s\S]*^ \d+ pass$)/m));
  if (!/^Ran \d+ tests? across/m.test(summary)) return { ...NOTHING, failed: 1 };

  const count = (word: string) =>
    Number(new RegExp(`^ (\\d+) ${word}$`, "m").exec(summary)?.[1] ?? 0);
  const failed = count("fail");
  return {
    passed: count("pass"),
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: count("skip") + count("todo"),
  };
}

function startNative(): boolean {
  const start = Bun.spawnSync(["scripts/postgres", "start"], { cwd: PROJECT, stderr: "inherit" });
  if (start.exitCode !== 0)
    console.error("\n*** NOT TESTED on a native PostgreSQL, see above ***\n");
  return start.exitCode === 0;
}

const sum = (tallies: Tally[]): Tally =>
  tallies.reduce((total, { passed, failed, skipped }) => ({
    passed: total.passed + passed,
    failed: total.failed + failed,
    skipped: total.skipped + skipped,
  }));

if (import.meta.main) {
  const { passed, failed, skipped } = await testEverything(Bun.argv.slice(2));
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed > 0 ? 1 : 0;
}
