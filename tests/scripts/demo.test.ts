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
async function demo(flags: string[] = [], env: Record<string, string> = {}) {
  const { HOME = "/", PATH = "" } = process.env;
  const child = Bun.spawn(["./lectern", "demo", "--once", ...flags], {
    cwd: PROJECT,
    env: { HOME, PATH, DATA_ROOT, PORT: "0", ...env },
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
  const settings = database && { DATABASE_URL: database.url };
  const run = () => (settings ? demo(["--env"], settings) : demo());
  const first = await run();
  expect(first.exitCode, first.complaints).toBe(0);
  expect(first.printed).toContain("document: completed 100 %");
  expect(first.printed).toContain("lecture: completed 100 %");
  expect(first.printed).toMatch(/> What is entropy and how is it measured\?[\s\S]+\[\d+\]/);
  expect(first.printed).toMatch(/^\[\d+\] .+, page \d+: http.+\/file#page=\d+$/m);

  const second = await run();
  const [, document] = /api\/documents\/([0-9a-f-]+)\/versions/.exec(first.printed)!;
  expect(second.exitCode).toBe(0);
  expect(second.printed).toContain(`/api/documents/${document}/versions/`);
}, 180_000);

// It runs on the embedded database in any case.
test.skipIf(engine === "native")(
  "./lectern demo uses no setting, and no proxy for its own server",
  async () => {
    let asked = 0;
    const proxy = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => {
        asked++;
        return new Response("the proxy cannot reach that", { status: 502 });
      },
    });
    const { exitCode, complaints, printed } = await demo([], {
      HTTP_PROXY: proxy.url.href,
      HTTPS_PROXY: proxy.url.href,
      DATABASE_URL: "postgres://nobody@127.0.0.1:1/production",
      STORAGE: "s3",
      S3_BUCKET: "production",
      HOST: "0.0.0.0",
      OPENAI_API_KEY: "a key that costs money",
      CHAT_MODEL: "openai:gpt-5",
      GOOGLE_API_KEY_FILE: "/nowhere",
    });
    await proxy.stop(true);

    expect(exitCode, complaints).toBe(0);
    expect(printed).toMatch(/^\[\d+\] /m);
    expect(asked).toBe(0);
  },
  180_000,
);
