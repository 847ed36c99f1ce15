import { expect, test } from "bun:test";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SCRIPT = join(import.meta.dir, "../../scripts/postgres");

function postgres(args: string[], env: Record<string, string | undefined> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([SCRIPT, ...args], {
    env: { ...process.env, TEST_DATABASE_URL: undefined, ...env },
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

const hasServer = postgres(["url"]).exitCode === 0;

test("a server of one's own is taken as it is", () => {
  const TEST_DATABASE_URL = "postgres://tester@db.example/tests";

  expect(postgres(["start"], { TEST_DATABASE_URL }).stdout).toBe(`${TEST_DATABASE_URL}\n`);
  expect(postgres(["url"], { TEST_DATABASE_URL }).stdout).toBe(`${TEST_DATABASE_URL}\n`);
});

test("a machine that can have no server gets exit code 3 and one line that says what to set", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lectern-bare-"));
  for (const program of ["dirname", "id"]) {
    await symlink(Bun.which(program)!, join(folder, program));
  }
  const { exitCode, stdout, stderr } = postgres(["start"], {
    PATH: folder,
    XDG_CACHE_HOME: folder,
  });
  await rm(folder, { recursive: true });

  expect(exitCode).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^postgres: no native server: .*set TEST_DATABASE_URL .*\n$/);
});

test.skipIf(!hasServer)("starting twice answers the same server (native server)", () => {
  const first = postgres(["start"]);
  const second = postgres(["start"]);

  expect(second).toEqual(first);
  expect(postgres(["url"]).stdout).toBe(first.stdout);
});

test("an unknown action prints the usage and exits 2", () => {
  const { exitCode, stderr } = postgres(["restart"]);

  expect(exitCode).toBe(2);
  expect(stderr).toContain("scripts/postgres start");
});
