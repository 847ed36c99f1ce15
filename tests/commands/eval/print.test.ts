import { afterAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertWritable } from "../../../src/commands/eval/print";

const folder = await mkdtemp(join(tmpdir(), "chart-"));
afterAll(() => rm(folder, { recursive: true }));

test("the check of a chart's place leaves no empty file and keeps the former chart", async () => {
  const [chart, former] = [join(folder, "new", "chart.svg"), join(folder, "former.svg")];
  await Bun.write(former, "<svg/>");

  await assertWritable(chart);
  await assertWritable(former);

  expect(await readdir(join(folder, "new"))).toEqual([]);
  expect(await Bun.file(former).text()).toBe("<svg/>");
});

test("a folder is no place for a chart", async () => {
  await mkdir(join(folder, "folder.svg"));
  for (const path of ["folder.svg", "former.svg/chart.svg"]) {
    await expect(assertWritable(join(folder, path))).rejects.toMatchObject({
      errorCode: "file_not_written",
      details: { path: join(folder, path) },
    });
  }
});
