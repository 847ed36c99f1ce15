import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";

const names = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"],
  ...["tests/README.md", "clients/ts/README.md"],
  ...(await Array.fromAsync(new Glob("{docs,bench,examples}/**/*.md").scan("."))),
]
  .filter((name) => !name.includes("node_modules"))
  .sort();
const pages = await Promise.all(
  names.map(async (name) => ({ name, text: await Bun.file(name).text() })),
);

/** Code that names a file or folder of ours; `<name>` and NNNN stand for any. */
const PATH = /`((?:\.\/)?(?:[\w.-]+\/)+[\w.-]*)`/g;
const ROOTS = ["", "src", "src/pipelines"];
/** Folders that begin a path of ours; what else looks like one is a model, a MIME type or an address. */
const TOP = new Set([
  ...(await Array.fromAsync(new Glob("*").scan({ cwd: ".", onlyFiles: false }))),
  ...(await Array.fromAsync(new Glob("*").scan({ cwd: "src", onlyFiles: false }))),
]);

function brokenPaths(text: string): string[] {
  return [...text.matchAll(PATH)]
    .map(([, path]) => path!.replace(/^\.\//, ""))
    .filter((path) => TOP.has(path.split("/")[0]!) && !/NNNN/.test(path))
    .filter((path) => !ROOTS.some((root) => existsSync(join(root, path))));
}

function brokenLinks(name: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^(https?:|#)/.test(target))
    .filter((target) => !existsSync(join(dirname(name), target.split("#")[0]!)));
}

describe.each(pages)("$name", ({ name, text }) => {
  test("links only to what is there", () => {
    expect(brokenLinks(name, text)).toEqual([]);
  });

  test("names only files that are there", () => {
    expect(brokenPaths(text)).toEqual([]);
  });

  test("names only commands that ./lectern has", () => {
    const help = Bun.spawnSync(["./lectern", "help"]).stdout.toString();
    const commands = [...help.matchAll(/^ {2}(\w+)/gm)].map(([, command]) => command!);
    const named = [...text.matchAll(/\.\/lectern (\w+)/g)].map(([, command]) => command!);

    expect(named.filter((command) => !commands.includes(command))).toEqual([]);
  });
});

test("bench/README.md names only benchmarks that there are", async () => {
  const { text } = pages.find(({ name }) => name === "bench/README.md")!;
  const named = [...text.matchAll(/bun (bench\/[\w/-]+\.ts)/g)].map(([, path]) => path!);

  expect(named.length).toBeGreaterThan(1);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});
