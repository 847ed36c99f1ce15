import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDataDir } from "../../../src/db/embedded/data-dir";
import { eventually } from "../../support/waiting";

const folder = await mkdtemp(join(tmpdir(), "data-dir-"));
afterAll(() => rm(folder, { recursive: true }));

const template = join(folder, "template.tar.gz");
await Bun.write(
  template,
  await new Bun.Archive({ PG_VERSION: "18\n" }, { compress: "gzip" }).blob(),
);

/** The process that makes a folder: its arguments contain the folder. */
async function makerOf(dataDir: string): Promise<number | undefined> {
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.includes(`${dataDir}.new`)) return Number(pid);
  }
  return undefined;
}

test("a new database is the copy of a template where there is one", async () => {
  const dataDir = join(folder, "copied");
  await makeDataDir(dataDir, template);

  expect(await readFile(join(dataDir, "PG_VERSION"), "utf8")).toBe("18\n");
  expect(existsSync(`${dataDir}.new`)).toBe(false);
});

test("a damaged template is an error with its reason, and leaves no database", async () => {
  const damaged = join(folder, "damaged.tar.gz");
  await Bun.write(damaged, "no archive");
  const dataDir = join(folder, "not-made");
  const error = await makeDataDir(dataDir, damaged).catch((caught) => caught);

  expect(error.errorCode).toBe("database_not_opened");
  expect(error.cause.message).not.toBe("");
  expect(existsSync(dataDir)).toBe(false);
});

test.skipIf(process.platform !== "linux")(
  "a process that is killed for its memory is an error that names memory",
  async () => {
    const dataDir = join(folder, "killed");
    const made = makeDataDir(dataDir, join(folder, "none")).catch((caught) => caught);
    const pid = await eventually(
      () => makerOf(dataDir),
      (found) => found !== undefined,
    );
    process.kill(pid!, "SIGKILL");

    expect(await made).toMatchObject({
      errorCode: "database_not_opened",
      details: { data_dir: dataDir, advice: expect.stringContaining("memory") },
      cause: new Error("its process was ended by SIGKILL"),
    });
  },
);
