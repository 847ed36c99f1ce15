import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { databaseUrl, engine } from "../support/database";

const PROJECT = join(import.meta.dir, "../..");
const DATA_ROOT = await mkdtemp(join(tmpdir(), "lectern-demo-"));
const database = engine === "native" ? await databaseUrl() : null;
afterAll(async () => {
  await database?.close();
  await rm(DATA_ROOT, { recursive: true });
});

/** `./lectern demo --once`, without any key. */
async function demo() {
  const { HOME = "/", PATH = "" } = process.env;
  const child = Bun.spawn(["./lectern", "demo", "--once"], {
    cwd: PROJECT,
    env: { HOME, PATH, DATA_ROOT, PORT: "0", ...(database && { DATABASE_URL: database.url }) },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [printed, complaints] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, printed, complaints };
}

test("./lectern demo --once shows an answer and its citations, and goes on with what is there", async () => {
  const first = await demo();
  expect(first.exitCode, first.complaints).toBe(0);
  expect(first.printed).toContain("document: completed 100 %");
  expect(first.printed).toContain("lecture: completed 100 %");
  expect(first.printed).toMatch(/> What is entropy and how is it measured\?[\s\S]+\[\d+\]/);
  expect(first.printed).toMatch(/^\[\d+\] .+, page \d+: http.+\/file#page=\d+$/m);

  const second = await demo();
  const [, document] = /api\/documents\/([0-9a-f-]+)\/versions/.exec(first.printed)!;
  expect(second.exitCode).toBe(0);
  expect(second.printed).toContain(`/api/documents/${document}/versions/`);
}, 180_000);
