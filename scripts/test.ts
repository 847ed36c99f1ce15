/**
 * `./lectern test`: formatting, types, then every test. Tests that use a database run twice, on the
 * embedded one and on a native PostgreSQL. The last line counts all results.
 *
 * `--fast` runs types and the pure tests only: no database, no other process, no server, no browser.
 * Other arguments that begin with `-` go to `bun test`; the rest select test files by a part of their path.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Glob } from "bun";

const PROJECT = join(import.meta.dir, "..");
const TESTS = join(PROJECT, "tests/");
const DATABASE = join(TESTS, "support/database.ts");

export type Tally = { passed: number; failed: number; skipped: number };
export type TestFiles = {
  withDatabase: string[];
  /** Those of `withDatabase` that need only one of the engines. */
  oneEngine: string[];
  others: string[];
  /** Those of `others` that start no process and no server. */
  pure: string[];
};

const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };

async function testEverything(args: string[]): Promise<Tally> {
  const isFast = args.includes("--fast");
  const flags = args.filter((arg) => arg.startsWith("-") && arg !== "--fast");
  const filters = args.filter((arg) => !arg.startsWith("-"));
  const { withDatabase, oneEngine, others, pure } = await findTests(filters);
  if ((isFast ? pure : [...withDatabase, ...others]).length === 0) {
    console.error(`No ${isFast ? "pure " : ""}test file has ${filters.join(" or ")} in its path.`);
    return { ...NOTHING, failed: 1 };
  }
  const test = (title: string, files: string[], engine: string) =>
    runTests(title, flags, files, engine);

  if (isFast) {
    const types = await runCheck("Types", ["tsc"]);
    return sum([types, await test("Pure tests", pure, "embedded")]);
  }
  const hasNative = startNative(); // first, because some plain tests use its programs
  const formatting = await runCheck("Formatting and lint", ["biome", "check", "."]);
  const types = await runCheck("Types", ["tsc"]);
  const plain = await test("Tests without a database", others, "embedded");
  const onEmbedded = withDatabase.filter((path) => !hasNative || !oneEngine.includes(path));
  const embedded = await test("Tests on the embedded database", onEmbedded, "embedded");
  const native = hasNative
    ? await test("Tests on a native PostgreSQL", withDatabase, "native")
    : { ...NOTHING, skipped: embedded.passed + embedded.failed + embedded.skipped };

  return sum([formatting, types, plain, embedded, native]);
}

/**
 * The test files whose path contains one of `filters`, or all. They are classified by their own text
 * and that of every file of the project they import.
 */
export async function findTests(filters: string[]): Promise<TestFiles> {
  const paths = await Array.fromAsync(new Glob("tests/**/*.test.{ts,tsx}").scan(PROJECT));
  const parts = filters.map((filter) => filter.replace(/^\.\//, ""));
  const chosen = paths
    .filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)))
    .sort();
  const reaches = (path: string, isWanted: (file: string, text: string) => boolean) =>
    filesOf(join(PROJECT, path)).some(([file, text]) => isWanted(file, text));
  const usesDatabase = (path: string) => reaches(path, (file) => file === DATABASE);
  const startsSomething = (path: string) => reaches(path, (_, text) => STARTS.test(text));
  const others = chosen.filter((path) => !usesDatabase(path));
  const withDatabase = chosen.filter(usesDatabase);

  return {
    withDatabase,
    oneEngine: withDatabase.filter((path) =>
      ONE_ENGINE.test(readFileSync(join(PROJECT, path), "utf8")),
    ),
    others,
    pure: others.filter((path) => !startsSomething(path)),
  };
}

/** The first line of a file whose subject is no SQL, such as a browser or PDFs. It runs on PostgreSQL, which is faster. */
const ONE_ENGINE = /^\/\/ One engine: /;

/** Code that starts a process, a thread, a server or a browser. */
const STARTS =
  /\bBun\.(?:spawn|spawnSync|serve|listen)\b|\bnew Worker\(|\bcreateServer\(|import \{[^}]*\$[^}]*\} from "bun"/;

/** Imports that exist when the code runs; types are erased. */
const RELATIVE_IMPORT =
  /^(?:import|export)(?! type\b)[^;]*?\sfrom "(\.[^"]+)"|import\("(\.[^"]+)"\)/gm;

/** A test file and the files of the project that it imports, each with its text. A missing file fails when the test runs. */
function filesOf(path: string, found = new Map<string, string>()): [string, string][] {
  if (found.has(path) || !existsSync(path)) return [];
  const text = readFileSync(path, "utf8");
  found.set(path, text);
  for (const [, fixed, dynamic] of text.matchAll(RELATIVE_IMPORT)) {
    const target = join(dirname(path), (fixed ?? dynamic)!);
    filesOf(/\.\w+$/.test(target) ? target : `${target}.ts`, found);
  }
  return [...found];
}

/** A check counts as one test: it passes or fails as a whole. */
async function runCheck(title: string, command: string[]): Promise<Tally> {
  const { exitCode } = await runBun(title, ["run", "--bun", ...command], {});
  return exitCode === 0 ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 };
}

/** Enough for real databases, browsers and ffmpeg on a busy machine. A slower test sets its own limit. */
const TIMEOUT_MS = 90_000;
/** Test files wait for a quarter of their time, so the cores serve two files more than there are cores. */
const PARALLEL_FILES = Math.min(4, availableParallelism() + 2);
/**
 * Without the optimizing compiler of WebAssembly: most processes of a test end before it has saved the time that it
 * takes, and the embedded database needs a fifth less processor time. Benchmarks and `./lectern demo` use it.
 */
const COMPILER = { BUN_JSC_useOMGJIT: "0" };
/** Milliseconds of each file in an earlier run: the longest start first. `--update-timings` writes it. */
const TIMINGS = "tests/timings.json";
/** Stands for an error that no test reports, such as a promise that is rejected after the last one. */
const OUTSIDE_TESTS = "outside of all tests";
/** More failed files than this are no accident of a busy machine. */
const MAX_FILES_ALONE = 6;

/**
 * Runs test files side by side. A few files that failed run once more, alone: what fails only beside others
 * is named and counts as passed, because a busy machine is no fault of the code.
 */
export async function runTests(
  title: string,
  flags: string[],
  files: string[],
  engine: string,
): Promise<Tally> {
  if (files.length === 0) return NOTHING;
  const together = await runTestFiles(
    `${title}, ${files.length} files`,
    [`--parallel=${PARALLEL_FILES}`, `--timings=${TIMINGS}`, ...flags],
    files,
    engine,
  );
  const failed = files.filter((file) => !(together.get(file)?.failed === 0));
  if (failed.length === 0 || failed.length > MAX_FILES_ALONE) return sum([...together.values()]);

  const alone = await runTestFiles(`Alone: ${failed.join(", ")}`, flags, failed, engine);
  const passed = failed.filter((file) => alone.get(file)?.failed === 0);
  if (passed.length > 0)
    console.error(`\nFailed beside others, passed alone: ${passed.join(", ")}`);
  return sum([...new Map([...together, ...alone]).values()]);
}

/**
 * The result of each file. A file that could not be loaded or that ended its process counts as one failure,
 * and so does an error outside of the tests.
 */
async function runTestFiles(
  title: string,
  flags: string[],
  files: string[],
  engine: string,
): Promise<Map<string, Tally>> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-tests-"));
  const report = join(folder, "junit.xml");
  try {
    const { exitCode } = await runBun(
      title,
      [
        "test",
        `--timeout=${TIMEOUT_MS}`,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        ...flags,
        ...files,
      ],
      { TEST_ENGINE: engine, ...COMPILER },
    );
    const results = readReport(await readFile(report, "utf8").catch(() => ""));
    const tallies = new Map(
      files.map((file) => {
        const tally = results.get(resolve(PROJECT, file));
        return [file, tally ?? { ...NOTHING, failed: 1 }] as const;
      }),
    );
    const isExplained = exitCode === 0 || sum([...tallies.values()]).failed > 0;
    return isExplained ? tallies : tallies.set(OUTSIDE_TESTS, { ...NOTHING, failed: 1 });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Prints everything at once. */
async function runBun(
  title: string,
  args: string[],
  env: Record<string, string>,
): Promise<{ exitCode: number }> {
  console.error(`\n--- ${title}`);
  const colour = process.stderr.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: PROJECT,
    env: { ...process.env, ...colour, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return { exitCode: await child.exited };
}

/** The results of each test file in a JUnit report, by its absolute path. */
function readReport(xml: string): Map<string, Tally> {
  const results = new Map<string, Tally>();
  const rewriter = new HTMLRewriter().on("testsuites > testsuite", {
    element(suite) {
      const count = (name: string) => Number(suite.getAttribute(name) ?? 0);
      const failed = count("failures");
      const skipped = count("skipped");
      const passed = count("tests") - failed - skipped;
      results.set(resolve(PROJECT, suite.getAttribute("file")!), { passed, failed, skipped });
    },
  });
  rewriter.transform(xml);
  return results;
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
