/**
 * `./lectern bench [--quick] [NAME …]`: runs the benchmarks one after the other, each in a process of its own, and
 * rewrites docs/benchmarks.md, the figures in README.md and bench/history.jsonl. With names it prints only.
 *
 * `--collapse` runs the cheapest ones and fails if a ratio is worse than twice the recorded one, three times in a row.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findCollapsed } from "./collapse";
import type { Summary } from "./figures";
import { describeMachine, PROJECT } from "./lib";
import { type BenchRun, replaceBetweenMarkers, toMarkdown, toReadmeTable } from "./report";

/** In the order of the document. */
export const BENCHMARKS = {
  startup: "Start and memory",
  slides: "Slides and uploads",
  lecture: "Lectures",
  queue: "Queue",
  chunks: "Writing chunks",
  retrieval: "Search",
  chat: "Chat streams",
  alignment: "Slides and speech",
  keys: "API keys",
  page: "The page",
  durability: "Syncs of the embedded database",
} as const;
type Benchmark = keyof typeof BENCHMARKS;

const HISTORY = join(PROJECT, "bench/history.jsonl");
/** Benchmarks of seconds whose ratios do not depend on the machine's other work. */
const CHEAP: Benchmark[] = ["keys", "chunks"];
const COLLAPSE_ROUNDS = 3;

async function runBenchmark(name: Benchmark, isQuick: boolean): Promise<Summary[]> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const json = join(folder, "figures.json");
  const script = name === "chat" ? "bench/chat/run.ts" : `bench/${name}.ts`;
  try {
    const options = ["--json", json, ...(isQuick ? ["--quick"] : [])];
    const child = Bun.spawn([process.execPath, script, ...options], {
      cwd: PROJECT,
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
    });
    const code = await child.exited;
    if (!(await Bun.file(json).exists()))
      throw new Error(`${script} ended with ${code} and no figures`);
    return await Bun.file(json).json();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readHistory(): Promise<BenchRun[]> {
  if (!(await Bun.file(HISTORY).exists())) return [];
  const lines = (await Bun.file(HISTORY).text()).trim().split("\n");
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}

/** One benchmark that fails does not lose the figures of the others; it is named in the document. */
async function runAll(names: Benchmark[], isQuick: boolean): Promise<BenchRun> {
  const run: BenchRun = {
    machine: describeMachine(),
    commit: Bun.spawnSync(["git", "rev-parse", "--short", "HEAD"], { cwd: PROJECT })
      .stdout.toString()
      .trim(),
    quick: isQuick,
    figures: {},
    failed: [],
  };
  for (const [index, name] of names.entries()) {
    console.log(`\n## ${BENCHMARKS[name]} (${index + 1} of ${names.length})\n`);
    const started = performance.now();
    try {
      run.figures[name] = await runBenchmark(name, isQuick);
    } catch (error) {
      console.error(String(error));
      run.failed.push(name);
    }
    console.log(`\n${Math.round((performance.now() - started) / 1_000)} s`);
  }
  return run;
}

async function writeDocuments(run: BenchRun, history: BenchRun[]): Promise<void> {
  await Bun.write(HISTORY, [...history, run].map((one) => `${JSON.stringify(one)}\n`).join(""));
  const document = join(PROJECT, "docs/benchmarks.md");
  const former = (await Bun.file(document).exists()) ? await Bun.file(document).text() : "";
  await Bun.write(document, replaceBetweenMarkers(former, toMarkdown(run, history, BENCHMARKS)));
  const readme = join(PROJECT, "README.md");
  await Bun.write(readme, replaceBetweenMarkers(await Bun.file(readme).text(), toReadmeTable(run)));
}

async function checkCollapse(): Promise<number> {
  const record = (await readHistory()).at(-1);
  if (!record) throw new Error("There is no record: run ./lectern bench first");
  let suspects: string[] | undefined;
  for (let round = 0; round < COLLAPSE_ROUNDS && suspects?.length !== 0; round += 1) {
    const found: string[] = [];
    for (const name of CHEAP) {
      const recorded = record.figures[name] ?? [];
      found.push(...findCollapsed(recorded, await runBenchmark(name, true)));
    }
    suspects = suspects ? suspects.filter((id) => found.includes(id)) : found;
  }
  for (const id of suspects ?? []) console.error(`Collapsed: ${id} is worse than twice the record`);
  return suspects?.length ? 1 : 0;
}

const { values, positionals } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    collapse: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  const known = Object.keys(BENCHMARKS).join(", ");
  console.error(`There is no benchmark ${unknown.join(", ")}. There are ${known}.`);
  process.exit(2);
}
if (values.collapse) process.exit(await checkCollapse());

const chosen = positionals as Benchmark[];
const run = await runAll(
  chosen.length > 0 ? chosen : (Object.keys(BENCHMARKS) as Benchmark[]),
  values.quick,
);
if (chosen.length === 0) {
  await writeDocuments(run, await readHistory());
  console.log("\nWritten: docs/benchmarks.md, README.md, bench/history.jsonl");
}
if (run.failed.length > 0) console.error(`\nFailed: ${run.failed.join(", ")}`);
process.exit(run.failed.length > 0 ? 1 : 0);
