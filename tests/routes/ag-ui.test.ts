import { afterAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Elysia } from "elysia";
import { loadConfig } from "../../src/config";
import { openProviders } from "../../src/providers";
import { agUiRoutes } from "../../src/routes/ag-ui";
import { problems } from "../../src/routes/http/problems";
import { withDatabase } from "../support/database";
import { silentLog } from "../support/factories";

const db = await withDatabase();
const folder = await mkdtemp(join(tmpdir(), "lectern-bundle-"));
const SCRIPT = `console.log("${"a page of its own ".repeat(100)}");`;
await Bun.write(join(folder, "bundle/index.html"), "<!doctype html><title>Mine</title>");
await Bun.write(join(folder, "bundle/static/main-a1b2c3d4.js"), SCRIPT);
await Bun.write(join(folder, "bundle/static/logo.svg"), "<svg/>");
await Bun.write(join(folder, "bundle/.env"), "SECRET=1");
await Bun.write(join(folder, "secret.txt"), "SECRET=1");
await mkdir(join(folder, "none"));

const serve = async (env: Record<string, string>) => {
  const config = loadConfig({ OPENAI_API_KEY: "sk-secret-1234", ...env });
  const { chatModel } = await openProviders(config, { localEmbedderUrl: "http://127.0.0.1:1" });
  const app = new Elysia()
    .use(problems(silentLog, () => []))
    .use(await agUiRoutes({ config, db, log: silentLog, chatModel }))
    .listen({ hostname: "127.0.0.1", port: 0 });
  return { url: `http://127.0.0.1:${app.server!.port}`, stop: () => app.server!.stop(true) };
};
const server = await serve({ AG_UI_DIR: join(folder, "bundle") });
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** As curl does it with `--path-as-is`: fetch would tidy the address up. */
async function raw(path: string, headers: string[] = [], method = "GET"): Promise<string> {
  const flags = headers.flatMap((header) => ["-H", header]);
  const head = method === "HEAD" ? ["-I"] : ["-i"];
  const curl = ["curl", "-s", "--path-as-is", ...head, ...flags, server.url + path];
  return new Response(Bun.spawn(curl).stdout).text();
}

describe("the page", () => {
  test("is asked for again each time, and answered 304 while it is the same", async () => {
    const first = await fetch(`${server.url}/ag-ui`);
    const etag = first.headers.get("etag")!;
    const again = await fetch(`${server.url}/ag-ui`, { headers: { "if-none-match": etag } });

    expect(await first.text()).toContain("<title>Mine</title>");
    expect(first.headers.get("content-type")).toStartWith("text/html");
    expect(first.headers.get("cache-control")).toBe("no-cache");
    expect(first.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(first.headers.get("x-content-type-options")).toBe("nosniff");
    expect([again.status, await again.text()]).toEqual([304, ""]);
    const any = { "if-none-match": "*" };
    expect((await fetch(`${server.url}/ag-ui`, { headers: any })).status).toBe(304);
    expect((await fetch(`${server.url}/ag-ui?v=0123abc`)).status).toBe(200);
  });

  test("has files that never change behind names with a hash, and others that may", async () => {
    const hashed = await fetch(`${server.url}/ag-ui/static/main-a1b2c3d4.js`);
    const plain = await fetch(`${server.url}/ag-ui/static/logo.svg`);

    expect(hashed.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(hashed.headers.get("content-type")).toStartWith("text/javascript");
    expect(await hashed.text()).toBe(SCRIPT);
    expect(plain.headers.get("cache-control")).toBe("no-cache");
    expect((await fetch(`${server.url}/ag-ui/main-a1b2c3d4.js`)).status).toBe(200);
  });

  test("is packed for those who unpack it, and only for them", async () => {
    const path = "/ag-ui/static/main-a1b2c3d4.js";
    const packed = await raw(path, ["accept-encoding: gzip"], "HEAD");
    const plain = await raw(path, ["accept-encoding: identity"], "HEAD");

    expect(packed).toMatch(/content-encoding: gzip/i);
    expect(plain).not.toMatch(/content-encoding/i);
    expect(plain).toMatch(new RegExp(`content-length: ${SCRIPT.length}`, "i"));
    expect(packed).toMatch(/vary: accept-encoding/i);
  });

  test("answers HEAD with the headers of GET and no body", async () => {
    const [head, body] = (await raw("/ag-ui/", [], "HEAD")).split("\r\n\r\n");

    expect(head).toStartWith("HTTP/1.1 200");
    expect(head).toMatch(/etag: "[0-9a-f]{64}"/i);
    expect(body).toBe("");
  });

  test("is below a slash, also where a proxy adds a path", async () => {
    const bare = await fetch(`${server.url}/ag-ui?v=1`, { redirect: "manual" });

    expect(bare.status).toBe(307);
    expect(bare.headers.get("location")).toBe("ag-ui/?v=1");
  });

  test("can show the player of the allowed Panopto sites and nothing else of other servers", async () => {
    const page = await fetch(`${server.url}/ag-ui/`);
    const policy = page.headers.get("content-security-policy")!;

    expect(policy).toContain("frame-src https://*.panopto.com https://*.panopto.eu;");
    expect(policy.match(/https?:/g)).toHaveLength(2);
  });

  test.each([
    "/ag-ui/../secret.txt",
    "/ag-ui/static/../../secret.txt",
    "/ag-ui/%2e%2e/secret.txt",
    "/ag-ui/..%2fsecret.txt",
    "/ag-ui/%252e%252e%252fsecret.txt",
    "/ag-ui/..%5csecret.txt",
    "/ag-ui/static//etc/passwd",
    "/ag-ui/.env",
    "/ag-ui/static/%2e%2e/.env",
    "/ag-ui/%E0%A4%A",
    "/ag-ui/nothing.js",
  ])("cannot be left through %s", async (path) => {
    const answer = await raw(path);

    expect(answer).toMatch(/^HTTP\/1\.1 40[04]/);
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
    expect(answer).not.toContain("SECRET");
  });

  test("is recorded once with its checksum, however often it is served", async () => {
    const [before] = await db`select count(*)::int as n from agui_assets`;
    await (await serve({ AG_UI_DIR: join(folder, "bundle") })).stop();
    const [same] = await db`select count(*)::int as n from agui_assets`;
    const own = await serve({});
    const [other] = await db`select count(*)::int as n from agui_assets`;

    expect(same).toEqual(before!);
    expect(other!.n).toBe(before!.n + 1);
    const config = await (await fetch(`${own.url}/api/agui/config`)).json();
    const rows = await db`select checksum from agui_assets`;
    const checksums = rows.map(({ checksum }) => checksum.slice(0, 12));
    expect(checksums).toContain(config.bundle_version);
    await own.stop();
  });

  test("is a 404, and no failed start, where there is none", async () => {
    for (const name of ["none", "missing"]) {
      const empty = await serve({ AG_UI_DIR: join(folder, name) });
      expect((await fetch(`${empty.url}/ag-ui`)).status).toBe(404);
      await empty.stop();
    }
  });
});

test("GET /api/agui/config says what a page has to know, and no secret", async () => {
  const text = await (await fetch(`${server.url}/api/agui/config`)).text();

  expect(JSON.parse(text)).toMatchObject({
    endpoints: { chat_stream: "/api/chat/stream", courses: "/api/courses" },
    features: { written_answers: true, sample_course: true },
  });
  expect(JSON.parse(text)).toMatchObject({ api_base_url: server.url, copilotkit: null });
  expect(text).not.toContain("sk-secret");
});

test("the material of the sample course is served with the page", async () => {
  for (const [name, type] of [
    ["slides.pdf", "application/pdf"],
    ["lecture/captions.srt", ""],
  ]) {
    const file = await fetch(`${server.url}/ag-ui/sample/${name}`);
    expect(file.status).toBe(200);
    expect(file.headers.get("content-type")).toContain(type!);
    expect((await file.bytes()).length).toBeGreaterThan(1_000);
  }
});

test("GET /api/agui/config names the CopilotKit runtime, and the public address with its path", async () => {
  const own = await serve({
    PUBLIC_URL: "https://uni.example/lectern/",
    COPILOTKIT_URL: "https://app.uni.example/api/copilotkit",
    COPILOTKIT_AGENT: "tutor",
  });
  expect(await (await fetch(`${own.url}/api/agui/config`)).json()).toMatchObject({
    api_base_url: "https://uni.example/lectern",
    copilotkit: { runtime_url: "https://app.uni.example/api/copilotkit", agent: "tutor" },
  });
  await own.stop();
});
