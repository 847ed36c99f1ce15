import { expect, test } from "bun:test";
import { join } from "node:path";

const PROJECT = join(import.meta.dir, "../..");
const run = (...command: string[]) => Bun.spawnSync(command, { cwd: PROJECT });

/** Another version would word the same schema differently. */
const canDump =
  run("scripts/postgres", "url").success &&
  run("scripts/postgres", "exec", "pg_dump", "--version").stdout.includes("(PostgreSQL) 17.");

test.skipIf(!canDump)("sql/schema.sql is what the migrations make (native server)", () => {
  const check = run(process.execPath, "scripts/dump-schema.ts", "--check");

  expect(check.stderr.toString()).toBe("");
  expect(check.exitCode).toBe(0);
});
