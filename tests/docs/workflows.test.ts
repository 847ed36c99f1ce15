import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { Glob, YAML } from "bun";
import manifest from "../../package.json";

type IssueForm = { name: string; description: string; body: { type: string; id?: string }[] };
type Step = { uses?: string; run?: string };
type Job = { "timeout-minutes"?: number; steps: Step[] };
type Workflow = {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
};

const read = async (path: string) => YAML.parse(await Bun.file(path).text());
const files = async (pattern: string) =>
  (await Array.fromAsync(new Glob(pattern).scan({ cwd: ".", dot: true }))).sort();

const workflows = await Promise.all(
  (await files(".github/workflows/*.yml")).map(async (path) => ({
    name: basename(path),
    workflow: (await read(path)) as Workflow,
  })),
);
const help = Bun.spawnSync(["./lectern", "help"]).stdout.toString();
const LECTERN_COMMANDS = [...help.matchAll(/^ {2}(\w+)/gm)].map(([, command]) => command!);

/** The simple commands of a `run` step, without `sudo`. */
const commandsOf = (run: string) =>
  run
    .split(/\n|&&|\|\||;/)
    .map((command) => command.trim().replace(/^sudo (--\S+ )*/, ""))
    .filter(Boolean);

/** Programs of the runner and of Bun that steps may call. */
const PROGRAMS = ["apt-get", "curl", "docker", "true"];
const BUN_COMMANDS = ["install", "audit"];

/** Does the repository, Bun or the runner have this command? */
function exists(command: string): boolean {
  const [program = "", first = ""] = command.split(/\s+/);
  if (program === "./lectern") return LECTERN_COMMANDS.includes(first);
  if (program.includes("/")) return existsSync(program);
  if (program !== "bun") return PROGRAMS.includes(program);
  if (first === "run") return Object.keys(manifest.scripts).includes(command.split(/\s+/)[2] ?? "");
  return first.includes("/") ? existsSync(first) : BUN_COMMANDS.includes(first);
}

describe.each(workflows)("$name", ({ workflow }) => {
  const steps = Object.values(workflow.jobs).flatMap(({ steps }) => steps);

  test("calls only commands that exist", () => {
    const commands = steps.flatMap(({ run }) => commandsOf(run ?? ""));

    expect(commands).not.toBeEmpty();
    expect(commands.filter((command) => !exists(command))).toEqual([]);
  });

  test("has read-only permissions, and a time limit for every job", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    for (const job of Object.values(workflow.jobs)) {
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
    }
  });

  test("names a version of every action, and the Bun version of ./lectern", async () => {
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    const bun = /^bun_version=(.+)$/m.exec(await Bun.file("lectern").text())![1];
    const versions = steps.flatMap((step) =>
      "with" in step ? (step.with as Record<string, string>)["bun-version"] : [],
    );

    expect(actions.filter((action) => !/@(v\d+|[0-9a-f]{40})$/.test(action))).toEqual([]);
    expect(versions.filter((version) => version !== bun)).toEqual([]);
  });
});

test("the workflows check, test, compare generated files, build the image and audit weekly", () => {
  const commands = workflows.flatMap(({ workflow }) =>
    Object.values(workflow.jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? [])),
  );
  const audit = workflows.find(({ name }) => name === "audit.yml")!.workflow;

  expect(commands).toEqual(
    expect.arrayContaining([
      "./lectern check",
      "./lectern test",
      "scripts/postgres start",
      "bun scripts/dump-schema.ts --check",
      "bun scripts/dump-openapi.ts --check",
      "docker compose up --detach --wait",
      "bun scripts/pin-images.ts",
      "bun scripts/sbom.ts --dpkg dpkg-status >sbom.cdx.json",
      "sudo --preserve-env=PATH bun scripts/image.ts check",
    ]),
  );
  expect(audit.on).toHaveProperty("schedule");
});

test("a misspelled command is found", () => {
  expect(exists("./lectern tset")).toBe(false);
  expect(exists("bun scripts/dump-shema.ts --check")).toBe(false);
  expect(exists("bun run chekc")).toBe(false);
});

test("the issue forms have what GitHub requires of them", async () => {
  for (const path of await files(".github/ISSUE_TEMPLATE/*.yml")) {
    if (basename(path) === "config.yml") continue;
    const form = (await read(path)) as IssueForm;

    expect(form.name, path).toBeString();
    expect(form.description, path).toBeString();
    const withoutId = form.body.filter(({ type, id }) => type !== "markdown" && !id);
    expect(withoutId, path).toEqual([]);
  }
});

test("the licence of package.json is the one of LICENSE", async () => {
  expect(manifest.license).toBe("MIT");
  expect(await Bun.file("LICENSE").text()).toStartWith(`${manifest.license} License`);
});
