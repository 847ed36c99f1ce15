// One engine: the subject is what README says.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { databaseUrl, engine } from "../support/database";
import { CLEAN_ENVIRONMENT } from "../support/environment";
import { openServerHost, type Server, type ServerHost } from "../support/server";

setDefaultTimeout(120_000);

const readme = await Bun.file("README.md").text();
const shell = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
const withCurl = shell.filter((block) => /\b(curl|ask)\b/.test(block) && !/lectern/.test(block));

describe("README.md", () => {
  let host: ServerHost;
  let server: Server;
  beforeAll(async () => {
    host = await openServerHost();
    server = await host.start();
  });
  afterAll(() => host[Symbol.asyncDispose]());

  test("has commands that do what it says, one after the other", async () => {
    // A refusal must not pass for an answer, nor a failing command for a line that worked.
    const strict = `set -eu\ncurl() { command curl --fail-with-body --max-time 60 "$@"; }\n`;
    const script = withCurl.join("\n").replaceAll("http://localhost:8080", server.url);
    const run = Bun.spawn(["sh", "-c", strict + script], { stdout: "pipe", stderr: "pipe" });
    const [said, complaints] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
    ]);

    expect(await run.exited, complaints + said).toBe(0);
    expect(said).toMatch(/"page_number": \d/);
    expect(said).toContain("#page=");
    expect(said).toContain(`"type":"RUN_FINISHED"`);
  });

  test("names only endpoints that there are", async () => {
    const answer = await fetch(`${server.url}/swagger/json`);
    const { paths } = (await answer.json()) as { paths: Record<string, object> };
    const there = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const named = [...readme.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/[^`?]+)`/g)];

    expect(named.length).toBeGreaterThan(5);
    expect(there).toEqual(expect.arrayContaining(named.map(([, endpoint]) => endpoint!)));
  });

  test("names addresses that answer", async () => {
    for (const path of ["/ag-ui", "/swagger", "/metrics"]) {
      expect((await fetch(server.url + path)).status, path).toBe(200);
    }
  });
});

/** Runs one of our commands in an environment without settings, but for those given. */
async function lectern(args: string[], env: Record<string, string> = {}) {
  const { HOME = "/", PATH = "" } = process.env;
  const run = Bun.spawn(["./lectern", ...args], {
    env: { HOME, PATH: `${dirname(process.execPath)}:${PATH}`, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [said, complaints] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
  ]);
  return { exitCode: await run.exited, said, complaints };
}

test("README.md's demo ends with an answer whose citations can be opened", async () => {
  const DATA_ROOT = await mkdtemp(join(tmpdir(), "lectern-demo-"));
  const database = engine === "native" ? await databaseUrl() : null;
  try {
    const DATABASE_URL = database?.url ?? "";
    const settings = { DATA_ROOT, DATABASE_URL, PORT: "0" };
    const { exitCode, said, complaints } = await lectern(["demo", "--once"], settings);

    expect(exitCode, complaints + said).toBe(0);
    expect(said).toMatch(/^\[\d+\] .+, page \d+: http.+#page=\d+$/m);
  } finally {
    await database?.close();
    await rm(DATA_ROOT, { recursive: true, force: true });
  }
});

test("README.md's lines for a server with keys start it, wait for it and get a key", async () => {
  const DATA_ROOT = await mkdtemp(join(tmpdir(), "lectern-keys-"));
  const port = Bun.serve({ port: 0, fetch: () => new Response() });
  const PORT = String(port.port);
  await port.stop(true);
  const block = shell.find((text) => text.includes("./lectern up &"))!;
  const lines = block.slice(0, block.lastIndexOf("curl")).replaceAll("8080", PORT);
  const stop = "echo; kill $!; wait $!";
  try {
    const run = Bun.spawnSync(["sh", "-c", `${lines}${stop}`], {
      env: { ...CLEAN_ENVIRONMENT, DATA_ROOT, PORT, LOG_LEVEL: "silent" },
    });

    expect(run.exitCode, run.stderr.toString()).toBe(0);
    expect(JSON.parse(run.stdout.toString())).toMatchObject({ scopes: ["read", "chat"] });
  } finally {
    await rm(DATA_ROOT, { recursive: true, force: true });
  }
});

test("the doctor that README.md recommends finds an empty environment fit to start", async () => {
  const { exitCode, said } = await lectern(["doctor"]);

  expect(said).toContain("embedded");
  expect(exitCode).toBe(0);
});
