// One engine: the subject is the settings of a start.
import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { openServerHost } from "./support/server";
import { eventually } from "./support/waiting";

setDefaultTimeout(120_000);
const host = await openServerHost();
afterEach(() => host.stop());
afterAll(() => host[Symbol.asyncDispose]());

test("a start on a taken port ends with the setting to change, even beside a server that would share it", async () => {
  using other = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    reusePort: true,
    fetch: () => new Response("somebody else's"),
  });

  const start = host.start({ PORT: String(other.port) });

  await expect(start).rejects.toThrow(`PORT: ${other.port} is in use by another program`);
});

/** A folder in which something stands in the way. */
async function folderWith(file: string): Promise<string> {
  const folder = join(host.dataRoot, "occupied");
  await Bun.write(join(folder, file), "");
  return folder;
}

test.each([
  [
    "a database that does not answer",
    { DATABASE_URL: "postgres://a:secret@127.0.0.1:1/a" },
    "does not answer",
  ],
  ["a folder that is none", { DATA_ROOT: "/dev/null/lectern" }, "DATA_ROOT: cannot be written"],
  ["an open address and no key", { HOST: "0.0.0.0", WORKERS: "0" }, "set BOOTSTRAP_API_KEY"],
  [
    "a file where documents should be",
    { DATA_ROOT: await folderWith("documents") },
    "documents is a file",
  ],
])(
  "a start with %s ends with the setting to change, in plain words",
  async (_, settings, words) => {
    const failure = await host.start(settings).then(String, String);

    expect(failure).toContain(words);
    expect(failure).not.toMatch(/secret|node_modules| {4}at /);
  },
);

test("a start without workers, too, removes uploads that a crash cut off", async () => {
  const staging = join(host.dataRoot, "documents/.tmp");
  const half = join(staging, "half.part");
  await Bun.write(half, "%PDF-");
  await utimes(half, new Date(0), new Date(0));

  await host.start({ WORKERS: "0" });

  await eventually(
    () => readdir(staging),
    (left) => left.length === 0,
  );
});

test("a start on an open address needs a key or AUTH=off, which each start logs", async () => {
  const settings = { HOST: "0.0.0.0", WORKERS: "0" };
  const open = await host.start({ ...settings, AUTH: "off" });
  const unprotected = await open.send("/api/courses");
  const log = open.log();
  await open.stop();
  const key = "a-key-of-the-operator-0123456789-abcdef";
  const closed = await host.start({ ...settings, BOOTSTRAP_API_KEY: key });

  expect(unprotected.status).toBe(200);
  expect(log).toContain("no key is required: everyone who can reach this server");
  expect((await closed.send("/api/courses")).status).toBe(401);
  const headers = { authorization: `Bearer ${key}` };
  expect((await fetch(`${closed.url}/api/courses`, { headers })).status).toBe(200);
  expect(closed.log()).not.toContain(key);
});

test("a key in the database is enough to start on an open address, and makes loopback ask for keys", async () => {
  const loopback = await host.start({ WORKERS: "0" });
  const created = await fetch(`${loopback.url}/api/keys`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "operator", scopes: ["admin"] }),
  });
  const { key } = await created.json();
  const afterwards = await loopback.send("/api/courses");
  await loopback.stop();
  const open = await host.start({ HOST: "0.0.0.0", WORKERS: "0" });

  expect(created.status).toBe(201);
  expect(afterwards.status).toBe(401);
  const headers = { "x-api-key": key };
  expect((await fetch(`${open.url}/api/courses`, { headers })).status).toBe(200);
});
