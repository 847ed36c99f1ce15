import { afterAll, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDataDir } from "../../../src/db/embedded/data-dir";

const folder = await mkdtemp(join(tmpdir(), "data-dir-"));
afterAll(() => rm(folder, { recursive: true }));

test("a new database is whole, readable by its user only, and not made twice", async () => {
  const dataDir = join(folder, "db");
  await makeDataDir(`${dataDir}/`);
  const made = await stat(dataDir);
  await makeDataDir(dataDir);

  expect(await readFile(join(dataDir, "PG_VERSION"), "utf8")).toBe("18\n");
  expect(made.mode & 0o777).toBe(0o700);
  expect((await stat(dataDir)).ino).toBe(made.ino);
  expect(await readdir(folder)).toEqual(["db"]);
});

test("a folder that cannot be made is an error with its reason and the next step", async () => {
  const file = join(folder, "file");
  await Bun.write(file, "");
  const error = await makeDataDir(join(file, "db")).catch((caught) => caught);

  expect(error).toMatchObject({
    errorCode: "database_not_opened",
    details: { data_dir: join(file, "db"), advice: expect.stringContaining("writable") },
    cause: { code: "ENOTDIR" },
  });
});
