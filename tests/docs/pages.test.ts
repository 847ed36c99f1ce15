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
TOP.delete("node_modules"); // its content depends on earlier commands

function brokenPaths(text: string): string[] {
  return [...text.matchAll(PATH)]
    .map(([, path]) => path!.replace(/^\.\//, ""))
    .filter((path) => TOP.has(path.split("/")[0]!) && !/NNNN/.test(path))
    .filter((path) => !ROOTS.some((root) => existsSync(join(root, path))));
}

async function brokenLinks(name: string, text: string): Promise<string[]> {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  const broken = await Promise.all(
    targets.map(async (target) => {
      if (/^https?:/.test(target)) return [];
      const [path = "", heading] = target.split("#");
      const file = path === "" ? name : join(dirname(name), path);
      if (!existsSync(file)) return [target];
      return heading && !headingsOf(await Bun.file(file).text()).includes(heading) ? [target] : [];
    }),
  );
  return broken.flat();
}

/** The addresses that GitHub gives to the headings of a page. */
const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );

const { paths } = (await Bun.file("docs/openapi.json").json()) as { paths: Record<string, object> };
const withoutNames = (endpoint: string) => endpoint.replace(/\{\w+\}/g, "{}");
const ENDPOINTS = new Set(
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => withoutNames(`${method.toUpperCase()} ${path}`)),
  ),
);

/** Endpoints of ours that the API does not have. One with an ellipsis is a part of an address. */
function unknownEndpoints(text: string): string[] {
  return [...text.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/(?:api|v1)\/[^`?\s…]+)[`?]/g)]
    .map(([, endpoint]) => endpoint!)
    .filter((endpoint) => !ENDPOINTS.has(withoutNames(endpoint)));
}

describe.each(pages)("$name", ({ name, text }) => {
  test("links only to pages and headings that exist", async () => {
    expect(await brokenLinks(name, text)).toEqual([]);
  });

  test("names only endpoints of the API", () => {
    expect(unknownEndpoints(text)).toEqual([]);
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
