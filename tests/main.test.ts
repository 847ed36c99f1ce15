import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { openServerHost } from "./support/server";

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

  await expect(start).rejects.toThrow(`PORT: ${other.port} is taken by another program`);
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
  [
    "a file where documents should be",
    { DATA_ROOT: await folderWith("documents") },
    "documents is no folder",
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

  expect(await readdir(staging)).toEqual([]);
});
