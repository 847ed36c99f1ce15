import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { buildWeb } from "../../scripts/build-web";

const SERVED = join(import.meta.dir, "../../public/ag-ui");

async function contents(folder: string): Promise<Record<string, string>> {
  const paths = await Array.fromAsync(new Glob("**/*").scan(folder));
  const texts = paths.map(async (path) => [path, await Bun.file(join(folder, path)).text()]);
  return Object.fromEntries(await Promise.all(texts));
}

test("public/ag-ui is what scripts/build-web.ts makes of web/ now", async () => {
  const fresh = await mkdtemp(join(tmpdir(), "lectern-web-"));
  await buildWeb(fresh);
  const [built, served] = [await contents(fresh), await contents(SERVED)];
  await rm(fresh, { recursive: true });

  expect(Object.keys(served).sort()).toEqual(Object.keys(built).sort());
  for (const [path, text] of Object.entries(built)) {
    expect(served[path] === text, `${path} is out of date: run bun scripts/build-web.ts`).toBe(
      true,
    );
  }
});

test("the page loads at most 200 kB of compressed JavaScript before it is ready", async () => {
  const shell = await Bun.file(join(SERVED, "index.html")).text();
  const scripts = [...shell.matchAll(/src="\.\/([^"]+\.js)"/g)].map(([, path]) => path!);
  const sizes = scripts.map(async (path) => {
    const bytes = await Bun.file(join(SERVED, path)).bytes();
    return Bun.gzipSync(bytes, { level: 9 }).byteLength;
  });
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);

  expect(scripts.length).toBeGreaterThan(0);
  expect(total).toBeLessThan(200_000);
});

test("the page names the API to browsers without JavaScript", async () => {
  const html = await Bun.file("public/ag-ui/index.html").text();
  const [, text] = /<noscript>([\s\S]*?)<\/noscript>/.exec(html)!;

  expect(text).toContain("needs JavaScript");
  expect(text).toContain('href="../swagger"');
});
