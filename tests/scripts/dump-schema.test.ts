import { expect, test } from "bun:test";
import { join } from "node:path";

const PROJECT = join(import.meta.dir, "../..");
const hasNativeServer = Bun.spawnSync(["scripts/postgres", "url"], { cwd: PROJECT }).success;

test.skipIf(!hasNativeServer)("sql/schema.sql is what the migrations make (native server)", () => {
  const check = ["scripts/dump-schema.ts", "--check"];
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, ...check], { cwd: PROJECT });

  expect(stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
});
