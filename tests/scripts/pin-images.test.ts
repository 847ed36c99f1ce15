import { afterAll, expect, test } from "bun:test";
import { pinImages } from "../../scripts/pin-images";

const NEW = `sha256:${"a".repeat(64)}`;
const OLD = `sha256:${"b".repeat(64)}`;
const TOKEN = "anonymous";

/** A registry that gives everyone a token for public images, as Docker Hub does. */
const registry = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    const { origin, pathname, searchParams } = new URL(request.url);
    if (pathname === "/token") {
      expect(searchParams.get("scope")).toStartWith("repository:");
      return Response.json({ token: TOKEN });
    }
    if (request.headers.get("authorization") !== `Bearer ${TOKEN}`) {
      const [, repository] = /^\/v2\/(.+)\/manifests\//.exec(pathname)!;
      const challenge = `Bearer realm="${origin}/token",service="test",scope="repository:${repository}:pull"`;
      return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
    }
    expect(request.headers.get("accept")).toContain("image.index");
    const known = ["/v2/oven/bun/manifests/1.4.5-slim", "/v2/library/debian/manifests/trixie"];
    if (!known.includes(pathname)) return new Response(null, { status: 404 });
    return new Response(null, { headers: { "docker-content-digest": NEW } });
  },
});
afterAll(() => registry.stop(true));
const pin = (text: string) => pinImages(text, registry.url.origin);

test("a digest is added to the tag of a Dockerfile and of compose.yaml", async () => {
  const { text, changed } = await pin(
    "FROM oven/bun:1.4.5-slim AS bun\nFROM bun\n    image: debian:trixie\n",
  );

  expect(text).toBe(
    `FROM oven/bun:1.4.5-slim@${NEW} AS bun\nFROM bun\n    image: debian:trixie@${NEW}\n`,
  );
  expect(changed).toHaveLength(2);
});

test("an old digest is replaced, and a current one stays", async () => {
  const { text } = await pin(`FROM oven/bun:1.4.5-slim@${OLD}\n`);

  expect(text).toBe(`FROM oven/bun:1.4.5-slim@${NEW}\n`);
  expect((await pin(text)).changed).toEqual([]);
});

test("an image that the registry does not know is an error that names it", async () => {
  await expect(pin("FROM oven/bnu:1.4.5-slim\n")).rejects.toThrow("oven/bnu:1.4.5-slim");
});
