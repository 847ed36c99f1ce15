import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import { swaggerUi } from "../../../src/routes/http/swagger-ui";
import { get } from "../../support/http";

const app = new Elysia().use(swaggerUi());
const ask = (path: string, headers?: Record<string, string>) => app.handle(get(path, headers));

test("all addresses of the page are relative, and its policy allows only its own files", async () => {
  const page = await ask("/swagger");
  const text = await page.text();
  const addresses = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);

  expect(addresses.length).toBeGreaterThan(4);
  expect(addresses.filter((address) => /^(?!data:)(\/|\w+:)/.test(address))).toEqual([]);
  expect(text).not.toMatch(/<script>|<style>| on\w+=/);
  expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
  const slash = await ask("/swagger/");
  expect([slash.status, slash.headers.get("location")]).toEqual([307, "../swagger"]);
});

test("files are compressed for browsers that accept it, and sent once", async () => {
  const path = "/swagger/assets/swagger-ui-bundle.js";
  const plain = await ask(path, { "accept-encoding": "identity" });
  const zipped = await ask(path, { "accept-encoding": "gzip, br" });
  const etag = zipped.headers.get("etag")!;
  const [before, after] = [await plain.bytes(), await zipped.bytes()];

  expect(plain.headers.get("content-encoding")).toBeNull();
  expect(zipped.headers.get("content-encoding")).toBe("gzip");
  const refused = await ask(path, { "accept-encoding": "br, gzip;q=0" });
  expect(refused.headers.get("content-encoding")).toBeNull();
  expect(zipped.headers.get("vary")).toBe("accept-encoding");
  expect(Bun.gunzipSync(after)).toEqual(before);
  expect(after.byteLength).toBeLessThan(0.4 * before.byteLength);
  expect((await ask(path, { "if-none-match": etag })).status).toBe(304);
});

test("other files of the folders cannot be reached", async () => {
  for (const name of ["package.json", "index.html", "..%2f..%2fpackage.json", "toString"]) {
    expect((await ask(`/swagger/assets/${name}`)).status).toBe(422);
  }
});
