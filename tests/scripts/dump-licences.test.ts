import { expect, test } from "bun:test";
import { toMarkdown } from "../../scripts/dump-licences";
import { listPackages } from "../../scripts/packages";

/** Licences that ask for a notice at most. A new one is read by a person before it is added here. */
const PERMITTED = new Set([
  "(AFL-2.1 OR BSD-3-Clause)",
  "(Apache-2.0 AND BSD-3-Clause)",
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "Unlicense",
]);

const packages = await listPackages();

test("every package that users get has a licence that asks for a notice at most", () => {
  expect(packages.length).toBeGreaterThan(150);
  expect(packages.filter(({ licence }) => !PERMITTED.has(licence))).toEqual([]);
});

test("docs/licences.md lists the packages that are installed", async () => {
  expect(await Bun.file("docs/licences.md").text()).toBe(toMarkdown(packages));
});
