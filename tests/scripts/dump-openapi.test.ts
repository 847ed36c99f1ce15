import { expect, test } from "bun:test";
import { join } from "node:path";

const PROJECT = join(import.meta.dir, "../..");

/** `--check` of the dump, with these settings in its environment. */
const check = (env: Record<string, string> = {}) =>
  Bun.spawnSync([process.execPath, "scripts/dump-openapi.ts", "--check"], {
    cwd: PROJECT,
    env: { ...process.env, ...env },
  });

test("docs/openapi.json and the types of clients/ts are what the routes declare", () => {
  const { stderr, exitCode } = check();

  expect(stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
});

test("the OpenAPI dump does not depend on the settings of the machine", () => {
  const { stderr, exitCode } = check({
    PORT: "9999",
    HOST: "0.0.0.0",
    PUBLIC_URL: "https://lectern.example",
    MAX_UPLOAD_MB: "1",
    OPENAI_API_KEY: "sk-test",
    TZ: "Asia/Tokyo",
  });

  expect(stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
});
