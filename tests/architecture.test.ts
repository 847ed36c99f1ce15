import { expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { Glob } from "bun";

/** From the bottom up. A file imports from its own row and from the rows above it here. */
const LAYERS = [
  [
    "config",
    "env-file",
    "errors",
    "log",
    "metrics",
    "pause",
    "principal",
    "retrying",
    "setting-types",
    "text",
    "tracing",
    "work-context",
  ],
  ["db"],
  ["queue", "providers", "media", "storage"],
  ["retrieval", "alignment", "pipelines"],
  ["chat"],
  ["evaluation"],
  ["services"],
  ["routes"],
  ["app", "worker-app", "listen", "warm-up", "server", "worker", "main", "commands"],
];

const RELATIVE_IMPORT = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;
const layerOf = (path: string) =>
  LAYERS.findIndex((layer) => layer.includes(path.split(/[/.]/)[0]!));

const sources = await Promise.all(
  (await Array.fromAsync(new Glob("**/*.ts").scan("src"))).map(async (file) => ({
    file,
    source: await Bun.file(join("src", file)).text(),
  })),
);

/** The files of `src` that each file imports, types included. */
const imports = new Map(
  sources.map(({ file, source }) => {
    const paths = [...source.matchAll(RELATIVE_IMPORT)].map(([, path]) =>
      join(dirname(file), path!),
    );
    const files = paths.map((path) => (path.endsWith(".ts") ? path : `${path}.ts`));
    return [file, files.filter((path) => sources.some((one) => one.file === path))];
  }),
);

/** Files outside `allowed` that match the pattern. */
const filesWith = (pattern: RegExp, allowed: RegExp) =>
  sources
    .filter(({ file, source }) => !allowed.test(file) && pattern.test(source))
    .map(({ file }) => file);

/** Imports from files that match `from` to files that match `to`. */
const importsBetween = (from: RegExp, to: RegExp) =>
  [...imports].flatMap(([file, targets]) =>
    from.test(file) ? targets.filter((one) => to.test(one)).map((one) => `${file} -> ${one}`) : [],
  );

/** Groups of files that import each other (Tarjan's strongly connected components). */
function findCycles(graph: ReadonlyMap<string, string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    stack.push(file);
    for (const target of graph.get(file) ?? []) {
      if (!order.has(target)) visit(target);
      if (stack.includes(target)) {
        lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!));
      }
    }
    if (lowest.get(file) !== order.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1) cycles.push(group.sort());
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return cycles;
}

test("imports never point to a higher layer", () => {
  const upward: string[] = [];

  for (const [file, targets] of imports) {
    expect(layerOf(file), `${file} belongs to no layer`).toBeGreaterThanOrEqual(0);
    for (const target of targets) {
      if (layerOf(target) > layerOf(file)) upward.push(`${file} -> ${target}`);
    }
  }

  expect(upward).toEqual([]);
});

test("no files import each other in a circle", () => {
  expect(findCycles(imports)).toEqual([]);
});

test("a circle of imports is found", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
    ["d", ["a", "c"]],
  ]);

  expect(findCycles(graph)).toEqual([["b", "c"]]);
});

test("the queue imports no pipeline", () => {
  expect(importsBetween(/^queue\//, /^pipelines\//)).toEqual([]);
});

test("the stages of a chat import no protocol", () => {
  const stages = /^chat\/(thread|run|agent|citations|sanitize|request\.|parts\.)/;

  expect(importsBetween(stages, /^chat\/(ag-ui|openai|mcp)\//)).toEqual([]);
});

test("only chat/ag-ui and routes/chat import AG-UI", () => {
  expect(filesWith(/"@ag-ui\//, /^(chat\/ag-ui|routes\/chat)\//)).toEqual([]);
});

test("only routes and the two apps import Elysia", () => {
  expect(filesWith(/from "elysia"/, /^(routes\/|app\.ts|worker-app\.ts)/)).toEqual([]);
});

test("only config.ts reads the environment", () => {
  expect(filesWith(/process\.env|Bun\.env|import\.meta\.env/, /^config\.ts/)).toEqual([]);
});

test("only db and queue contain SQL", () => {
  expect(filesWith(/\b(sql|db)(<[^>]*>)?`/, /^(db|queue)\//)).toEqual(["routes/health.ts"]);
});

test("transactions, own connections and unchecked SQL belong to migrations, backups and index builds", () => {
  expect(
    filesWith(
      /\.(begin|reserve|unsafe)\(/,
      /^db\/(migrate\.ts|backup\/|chunks\/nearest-index\.ts)/,
    ),
  ).toEqual([]);
});

/** Ways to reach another system or program: HTTP, sockets, object storage, child processes. */
const EXTERNAL =
  /(?<!\.)\bfetch\(|globalThis\.fetch|Bun\.(connect|listen|spawn|spawnSync|S3Client)\b|Bun\.\$|(?<!\{ isIP \} )from "(node:(https?|net|tls|dgram|child_process)|undici)"/;

/** Parts of our own system: its database, its storage, its workers, and the clients of its server. */
const OWN_SYSTEM =
  /^(db\/embedded\/|storage\/bucket\.ts|queue\/worker-handle\.ts|commands\/(demo|health|running-server)\.ts)/;

test("only providers and media reach external systems", () => {
  const outside = filesWith(EXTERNAL, /^(providers|media)\//);

  expect(outside.filter((file) => !OWN_SYSTEM.test(file))).toEqual([]);
});

/** The numbers that several of the named files start with. */
function repeatedNumbers(names: string[]): string[] {
  const numbers = names.map((name) => name.slice(0, 4)).sort();
  return numbers.filter((number, i) => number === numbers[i - 1]);
}

test.each(["sql/[0-9]*.sql", "docs/decisions/[0-9]*.md"])(
  "the files %s have different numbers, so their order is known",
  async (pattern) => {
    const names = (await Array.fromAsync(new Glob(pattern).scan("."))).map(
      (path) => path.split("/").at(-1)!,
    );
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !/^\d{4}[-_]/.test(name))).toEqual([]);
    expect(repeatedNumbers(names)).toEqual([]);
  },
);

test("a repeated number is found", () => {
  expect(repeatedNumbers(["0001_a.sql", "0003_b.sql", "0002_c.sql", "0003_d.sql"])).toEqual([
    "0003",
  ]);
});
