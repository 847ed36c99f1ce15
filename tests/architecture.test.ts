import { expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { Glob } from "bun";

/** From the ground up. A file may import from its own row and from the rows above it here. */
const LAYERS = [
  ["config", "errors", "log", "metrics", "text"],
  ["db"],
  ["queue", "providers", "media", "storage"],
  ["retrieval", "pipelines"],
  ["chat"],
  ["services"],
  ["routes"],
  ["app", "worker", "main", "commands"],
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
const filesWith = (pattern: RegExp, except: RegExp) =>
  sources
    .filter(({ file, source }) => !except.test(file) && pattern.test(source))
    .map(({ file }) => file);

test("imports never point to a higher layer", () => {
  const upward: string[] = [];

  for (const { file, source } of sources) {
    expect(layerOf(file), `${file} belongs to no layer`).toBeGreaterThanOrEqual(0);
    for (const [, path] of source.matchAll(RELATIVE_IMPORT)) {
      const target = join(dirname(file), path!);
      if (target.startsWith("..")) continue; // package.json
      if (layerOf(target) > layerOf(file)) upward.push(`${file} -> ${target}`);
    }
  }

  expect(upward).toEqual([]);
});

test("the queue knows no pipeline", () => {
  expect(filesWith(/pipelines\//, /^(?!queue\/)/)).toEqual([]);
});

test("Elysia stays at the edge", () => {
  expect(filesWith(/from "elysia"/, /^(routes\/|app\.ts)/)).toEqual([]);
});

test("only config.ts reads the environment", () => {
  expect(filesWith(/process\.env|Bun\.env/, /^config\.ts/)).toEqual([]);
});

test("SQL is written in db and queue only", () => {
  expect(filesWith(/\b(sql|db)(<[^>]*>)?`/, /^(db|queue)\//)).toEqual(["routes/health.ts"]);
});

test("transactions and unchecked SQL belong to migrations", () => {
  expect(filesWith(/\.(begin|reserve|unsafe)\(/, /^db\/migrate\.ts/)).toEqual([]);
});
