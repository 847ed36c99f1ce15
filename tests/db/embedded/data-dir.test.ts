import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
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

test.skipIf(!existsSync("/proc/self/limits"))(
  "a limit of open files that is too small is named before anything is made",
  () => {
    const place = join(folder, "few-files");
    const script = `import { startEmbeddedDatabase } from "./src/db/embedded/start";
    await startEmbeddedDatabase({ dataDir: ${JSON.stringify(place)} }).catch((error) => console.log(JSON.stringify(error.details)));`;
    const run = Bun.spawnSync([
      "sh",
      "-c",
      'ulimit -n 256; exec "$0" -e "$1"',
      process.execPath,
      script,
    ]);

    expect(run.stdout.toString()).toContain("only 256 open files: allow 1024");
    expect(existsSync(place)).toBe(false);
  },
);
