import { expect, test } from "bun:test";
import { loadConfig } from "../../src/config";

/** In the order of the schema, whose every variable stands on a line of its own. */
const [schema] = (await Bun.file("src/config.ts").text()).split("const WorkerConfig");
const settings = [...schema!.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)]
  .map(([, name]) => name!)
  .sort();

const example = Object.fromEntries(
  [...(await Bun.file(".env.example").text()).matchAll(/^([A-Z][A-Z0-9_]+)=(.*)$/gm)].map(
    ([, name, value]) => [name!, value!],
  ),
);

/** The rows of README.md's settings: the names in a row's first cell, and its second. */
const readme = await Bun.file("README.md").text();
const table = readme.slice(readme.indexOf("## Settings")).split(/^## (?!Settings)/m)[0]!;
const rows = [...table.matchAll(/^\| (`[^|]+) \| ([^|]*) \|/gm)].map(([, names, value]) => ({
  names: [...names!.matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name!),
  value: /^`(.+)`$/.exec(value!.trim())?.[1],
}));

test("the example environment names every setting, and no other", () => {
  expect(Object.keys(example).sort()).toEqual(settings);
});

test("the example environment, used as it is, changes no default", () => {
  expect(loadConfig(example)).toEqual(loadConfig({}));
});

test("README.md's table names every setting, and no other", () => {
  expect(rows.flatMap(({ names }) => names).sort()).toEqual(settings);
});

test("README.md's table has the defaults", () => {
  const told = rows.flatMap(({ names, value }) => names.map((name) => [name, value ?? ""]));
  const environment = Object.fromEntries(told) as Record<string, string>;

  expect(loadConfig(environment)).toEqual(loadConfig({}));
});
