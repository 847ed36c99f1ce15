// One engine: the subject is the rules of browsers.
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Elysia } from "elysia";
import { crossOrigin } from "../../../src/routes/http/cross-origin";
import { refuseEncodedBodies } from "../../../src/routes/http/encoded-bodies";
import { originGuard } from "../../../src/routes/http/own-origin";
import { problems } from "../../../src/routes/http/problems";
import { noBrowser, openPage } from "../../support/browser";
import { silentLog } from "../../support/factories";
import { openServerHost, type Server } from "../../support/server";

setDefaultTimeout(120_000);

type Settings = { HOST?: string; PUBLIC_URL?: string; CORS_ORIGINS?: string[] };

/** Sends a request to a small server with the guard; the status of the response. */
async function ask(
  headers: Record<string, string>,
  { settings = {}, method = "GET" }: { settings?: Settings; method?: string } = {},
): Promise<Response> {
  const all = { HOST: "127.0.0.1", PUBLIC_URL: undefined, CORS_ORIGINS: [], ...settings };
  const app = new Elysia()
    .use(problems(silentLog, () => ["GET", "POST"]))
    .use(originGuard(all))
    .use(crossOrigin(all.CORS_ORIGINS))
    .use(refuseEncodedBodies)
    .get("/plain", () => "fine")
    .get("/response", () => new Response("fine"))
    .post("/plain", () => "fine", { parse: "none" })
    .listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port, origin } = new URL(`http://127.0.0.1:${app.server!.port}`);
    const filled = Object.entries(headers).map(([name, value]): [string, string] => [
      name,
      value.replace("SELF", origin).replace("PORT", port),
    ]);
    return await fetch(`${origin}/plain`, { method, headers: filled });
  } finally {
    await app.server!.stop(true);
  }
}

describe("a server on loopback", () => {
  test.each([
    ["localhost", "localhost:PORT", {}, 200],
    ["localhost with the port of a tunnel", "localhost:9999", {}, 200],
    ["localhost without a port", "localhost", {}, 200],
    ["its IPv4 address", "127.0.0.1:PORT", {}, 200],
    ["its IPv6 address", "[::1]:PORT", {}, 200],
    ["the host of PUBLIC_URL", "l.example", { PUBLIC_URL: "https://l.example/x" }, 200],
    [
      "the host of PUBLIC_URL with a port",
      "l.example:8443",
      { PUBLIC_URL: "https://l.example" },
      200,
    ],
    ["a name that resolves to it", "evil.example:PORT", {}, 403],
    ["a name that begins like it", "localhost.evil.example", {}, 403],
    ["a name that begins like its address", "127.0.0.1.evil.example", {}, 403],
    ["another name than PUBLIC_URL", "evil.example", { PUBLIC_URL: "https://l.example" }, 403],
    ["an address of the network", "192.168.1.5:PORT", {}, 403],
    ["a Host that is no host", "a b", {}, 403],
  ])("is requested as %s", async (_, host, settings, status) => {
    for (const method of ["GET", "POST", "OPTIONS", "DELETE"]) {
      const response = await ask({ host }, { settings, method });

      if (status === 403) expect(response.status).toBe(403);
      else expect(response.status).not.toBe(403);
    }
  });

  test.each([
    ["its own", "SELF", {}, 200],
    ["one of CORS_ORIGINS", "https://a.example", { CORS_ORIGINS: ["https://a.example"] }, 200],
    ["any, where CORS_ORIGINS allows all", "https://a.example", { CORS_ORIGINS: ["*"] }, 200],
    ["that of PUBLIC_URL", "https://l.example", { PUBLIC_URL: "https://l.example/x" }, 200],
    ["foreign", "https://evil.example", {}, 403],
    [
      "foreign, where others are allowed",
      "https://evil.example",
      { CORS_ORIGINS: ["https://a.example"] },
      403,
    ],
    [
      "allowed with another scheme",
      "http://a.example",
      { CORS_ORIGINS: ["https://a.example"] },
      403,
    ],
    ["below an allowed one", "https://x.a.example", { CORS_ORIGINS: ["https://a.example"] }, 403],
    ["another port of this machine", "http://127.0.0.1:3", {}, 403],
    ["hidden", "null", {}, 403],
    ["an extension of the browser", "chrome-extension://abc", {}, 403],
    ["not a URL", "evil", {}, 403],
  ])("gets a request of a page whose origin is %s", async (_, origin, settings, status) => {
    for (const method of ["GET", "POST"]) {
      const response = await ask({ origin }, { settings, method });

      expect(response.status).toBe(status);
      if (status === 403) expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  test("refuses images and scripts of other pages, but not links to it", async () => {
    const image = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };

    expect((await ask(image)).status).toBe(403);
    expect((await ask({ ...image, "sec-fetch-mode": "navigate" })).status).toBe(200);
    expect((await ask({ ...image, "sec-fetch-site": "same-origin" })).status).toBe(200);
  });

  test("explains a refusal with problem details", async () => {
    const response = await ask({ host: "evil.example" });

    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({
      code: "host_not_allowed",
      detail: expect.stringContaining("PUBLIC_URL"),
    });
  });
});

describe("a server on a network address", () => {
  const settings = { HOST: "0.0.0.0" };

  test("is used by any name, and refuses foreign pages", async () => {
    const host = "lectern.example";

    expect((await ask({ host }, { settings })).status).toBe(200);
    const ownPage = { host, origin: "https://lectern.example" }; // a proxy ends TLS
    expect((await ask(ownPage, { settings, method: "POST" })).status).toBe(200);
    const foreignPage = { host, origin: "https://evil.example" };
    expect((await ask(foreignPage, { settings, method: "POST" })).status).toBe(403);
  });
});

describe("CORS", () => {
  const preflight = (settings: Settings, wanted: string) =>
    ask(
      {
        origin: "https://a.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": wanted,
      },
      { settings, method: "OPTIONS" },
    );

  test("allows the headers of OpenAI's clients, and no others", async () => {
    const wanted = "authorization,content-type,x-stainless-lang,x-stainless-retry-count,x-evil";
    const response = await preflight({ CORS_ORIGINS: ["https://a.example"] }, wanted);

    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://a.example");
    const allowed = response.headers.get("access-control-allow-headers")!.split(", ");
    expect(allowed).toContain("authorization");
    expect(allowed).toContain("x-stainless-lang");
    expect(allowed).toContain("x-stainless-retry-count");
    expect(allowed).not.toContain("x-evil");
  });

  test("lets pages load parts of files, revalidate them, and read the headers that this needs", async () => {
    const wanted = "range,if-range,if-none-match,traceparent";
    const { headers } = await preflight({ CORS_ORIGINS: ["https://a.example"] }, wanted);
    const named = (name: string) => headers.get(name)!.split(", ");

    expect(named("access-control-allow-headers")).toEqual(
      expect.arrayContaining(wanted.split(",")),
    );
    expect(named("access-control-expose-headers")).toEqual(
      expect.arrayContaining([
        "accept-ranges",
        "content-range",
        "content-disposition",
        "x-should-retry",
      ]),
    );
  });

  test("does not answer the preflight of a foreign page", async () => {
    const response = await preflight({}, "content-type");

    expect(response.status).toBe(403);
  });
});

test("a compressed body is refused before it is read", async () => {
  for (const encoding of ["gzip", "br", "deflate, gzip", "x"]) {
    const response = await ask({ "content-encoding": encoding }, { method: "POST" });

    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ code: "content_encoding_invalid" });
  }
  expect((await ask({ "content-encoding": "identity" }, { method: "POST" })).status).toBe(200);
});

describe.skipIf(noBrowser)("in a browser", async () => {
  const host = noBrowser ? null : await openServerHost();
  const server: Server | undefined = await host?.start();
  afterAll(() => host?.[Symbol.asyncDispose]());
  const evilPage = () =>
    new Response("<!doctype html><title>evil</title>", {
      headers: { "content-type": "text/html" },
    });
  const evil = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: evilPage });
  afterAll(() => evil.stop(true));

  /** Runs in a page: what the page could read, and which requests the browser completed. */
  const attack = async (target: string) => {
    const read = async (path: string, init?: RequestInit) => {
      try {
        const response = await fetch(target + path, init);
        return { type: response.type, status: response.status, text: await response.text() };
      } catch {
        return "blocked";
      }
    };
    const type = "text/plain";
    const form = new FormData();
    form.set("course_id", "3f2504e0-4f89-41d3-9a0c-0305e82c3301");
    return [
      await read("/api/courses"),
      await read("/api/events"),
      await read("/metrics"),
      await read("/v1/models"),
      await read("/api/courses", {
        method: "POST",
        headers: { "content-type": type },
        body: '{"name":"evil"}',
      }),
      await read("/api/documents/upload", { method: "POST", body: form }),
      await read("/api/courses/3f2504e0-4f89-41d3-9a0c-0305e82c3301", { method: "DELETE" }),
    ];
  };

  test("a name that an attacker moves to this machine reads and writes nothing", async () => {
    const rule = "--host-resolver-rules=MAP evil.example 127.0.0.1";
    await using opened = await openPage(undefined, [rule]);
    // The page is loaded from the attacker's server. Then its address belongs to Lectern.
    const attacker = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: evilPage });
    const { port } = attacker;
    await opened.page.goto(`http://evil.example:${port}/`);
    await attacker.stop(true);
    await using other = await openServerHost();
    await other.start({ PORT: String(port) });
    const results = await opened.page.evaluate(attack, `http://evil.example:${port}`);

    for (const result of results) {
      expect(result).toMatchObject({
        status: 403,
        text: expect.stringContaining("host_not_allowed"),
      });
    }
  });

  test("a page of another site reads nothing and writes nothing", async () => {
    const before = (await server!.json("/api/courses")).items.length;
    await using opened = await openPage();
    const answers: number[] = [];
    opened.page.on("response", (response) => {
      if (response.url().startsWith(server!.url)) answers.push(response.status());
    });
    await opened.page.goto(evil.url.href);
    const results = await opened.page.evaluate(attack, server!.url);
    expect(results).toEqual(results.map(() => "blocked"));

    // A form, an image and a script need no permission of the browser.
    await opened.page.evaluate(async (target) => {
      const loads = ["img", "script"].map((tag) => {
        const element = Object.assign(document.createElement(tag), {
          src: `${target}/api/courses`,
        });
        document.body.append(element);
        return new Promise((resolve) => {
          element.onerror = resolve;
          element.onload = () => resolve("loaded");
        });
      });
      await Promise.all(loads);
    }, server!.url);
    await opened.page.setContent(
      `<form method="post" enctype="multipart/form-data" action="${server!.url}/api/courses"><input name="name" value="evil"></form>`,
    );
    await Promise.all([
      opened.page.waitForNavigation(),
      opened.page.evaluate(() => document.forms[0]!.submit()),
    ]);
    expect(await opened.page.content()).toContain("origin_not_allowed");

    expect(answers.every((status) => status === 403)).toBe(true);
    expect(answers.length).toBeGreaterThan(0);
    expect((await server!.json("/api/courses")).items.length).toBe(before);
  });

  test("the page of this server works under each of its names", async () => {
    for (const name of ["localhost", "127.0.0.1"]) {
      const own = server!.url.replace("127.0.0.1", name);
      await using opened = await openPage();
      await opened.page.goto(`${own}/ag-ui`);
      const results = await opened.page.evaluate(
        async (target) => [
          (await fetch(`${target}/api/courses`)).status,
          (
            await fetch(`${target}/api/courses`, {
              method: "POST",
              headers: { "content-type": "application/json" },
              body: JSON.stringify({ name: "own" }),
            })
          ).status,
        ],
        own,
      );

      expect(results).toEqual([200, 201]);
      expect(opened.errors).toEqual([]);
    }
  });

  test("responses of all kinds have the headers that keep other pages out", async () => {
    for (const path of [
      "/api/courses",
      "/api/nowhere",
      "/metrics",
      "/ag-ui",
      "/v1/models",
      "/swagger",
      "/docs/errors",
    ]) {
      const { headers } = await fetch(server!.url + path);

      expect([path, headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
      expect([path, headers.get("referrer-policy")]).toEqual([path, "no-referrer"]);
      expect([path, headers.get("cross-origin-resource-policy")]).toEqual([path, "same-origin"]);
    }
  });
});
