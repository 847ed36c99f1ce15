import { afterAll, describe, expect, test } from "bun:test";
import type { Resolve } from "../../../src/media/fetch/addresses";
import { type GuardedRequest, openGuardedFetch } from "../../../src/media/fetch/guarded-fetch";
import { failureOf } from "../../support/failures";
import { openCanary } from "../../support/panopto";

const canary = openCanary();
const aborted: string[] = [];
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: answer });
const host = `127.0.0.1:${server.port}`;
afterAll(() => {
  canary.close();
  server.stop(true);
});

const calm = (): GuardedRequest => ({
  reach: "public",
  maxBytes: 1_000_000,
  timeoutMs: 120_000,
  stallMs: 60_000,
  signal: new AbortController().signal,
});
const open = (resolve?: Resolve, allowedHosts = [host, `media.test:${server.port}`]) =>
  openGuardedFetch({ allowedHosts, resolve });
const guardedFetch = open();
const at = (path: string) => `http://${host}${path}`;

describe("which addresses are refused", () => {
  test.each([
    ["file:///etc/passwd"],
    ["data:text/plain,hello"],
    ["ftp://uni.panopto.com/x"],
    ["http://uni.panopto.com/"],
    ["https://user@uni.panopto.com/"],
    ["https://uni.panopto.com\\@127.0.0.1/"],
    ["https://uni.panopto.com/\nx"],
    ["https://uni.panopto.com./"],
    ["https://uni.panopto.com:8443/"],
    ["https://127.0.0.1/"],
    ["https://2130706433/"],
    ["https://0x7f.1/"],
    ["https://0177.0.0.1/"],
    ["https://127.1/"],
    ["https://①②⑦.⓪.⓪.①/"],
    ["https://%31%32%37.0.0.1/"],
    ["https://[::]/"],
    ["https://[::1]/"],
    ["https://[::ffff:7f00:1]/"],
    ["https://[::ffff:127.0.0.1]/"],
    ["https://[64:ff9b::10.0.0.1]/"],
    ["https://[::127.0.0.1]/"],
    ["https://[2002:a00:1::]/"],
    ["https://[fd00:ec2::254]/latest/meta-data"],
    ["https://[fe80::1]/"],
    ["https://localhost/"],
    ["https://internal.panopto.com/"],
    ["https://169.254.169.254/latest/meta-data"],
    [canary.origin],
    ["no address"],
  ])("%s", async (address) => {
    const neverAsked: Resolve = async () => ["127.0.0.1"];
    const failure = await failureOf(open(neverAsked, ["*.panopto.com"])(address, calm()));

    expect(failure.code).toBe("address_blocked");
    expect(canary.hits).toBe(0);
  });

  test("a host outside the allow-list, where only listed ones may be asked", async () => {
    const resolve: Resolve = async () => ["93.184.216.34"];
    const request = { ...calm(), reach: "listed" } as const;

    expect(await failureOf(open(resolve)("https://cdn.example/", request))).toMatchObject({
      code: "address_blocked",
      reason: "the host is not in the allow-list",
    });
  });

  test("a name with one private address among public ones", async () => {
    const resolve: Resolve = async () => ["93.184.216.34", "10.0.0.1"];

    expect(await failureOf(open(resolve)("https://cdn.example/", calm()))).toMatchObject({
      code: "address_blocked",
      reason: "the host has an address that is not public",
    });
  });

  test("a redirect to a private address", async () => {
    const failure = await failureOf(guardedFetch(at(`/to?${canary.origin}`), calm()));

    expect(failure.code).toBe("address_blocked");
    expect(canary.hits).toBe(0);
  });

  test("a redirect to a name that has become private since it was last asked for", async () => {
    const answers = [["93.184.216.34"], ["127.0.0.1"]];
    const resolve: Resolve = async () => answers.shift()!;
    await resolve("cdn.example"); // the public answer of an earlier check

    const failure = await failureOf(open(resolve)(at("/to?https://cdn.example/"), calm()));
    expect(failure).toMatchObject({ code: "address_blocked", host: "cdn.example" });
  });
});

describe("how it connects", () => {
  test("goes to the address that was checked, under the name that was asked for", async () => {
    let asked = 0;
    const resolve: Resolve = async () => (asked++ === 0 ? ["127.0.0.1"] : ["10.0.0.1"]);
    const fetched = await open(resolve)(`http://media.test:${server.port}/host`, calm());

    expect(await fetched.text()).toBe(`media.test:${server.port}`);
    expect(asked).toBe(1);
  });

  test("tries the next checked address when the first refuses the connection", async () => {
    const resolve: Resolve = async () => ["::1", "127.0.0.1"];
    const fetched = await open(resolve)(`http://media.test:${server.port}/host`, calm());

    expect(fetched.status).toBe(200);
    fetched.discard();
  });

  test("keeps connections for the next request", async () => {
    const ports = new Set<string>();
    for (let i = 0; i < 5; i++) ports.add(await (await guardedFetch(at("/port"), calm())).text());

    expect(ports.size).toBe(1);
  });

  test("follows five redirects and hands back the sixth", async () => {
    expect(await (await guardedFetch(at("/hops/5"), calm())).text()).toBe("arrived");

    const sixth = await guardedFetch(at("/hops/6"), calm());
    expect(sixth.status).toBe(302);
    sixth.discard();
  });

  test("hands back the first redirect when none may be followed", async () => {
    const fetched = await guardedFetch(at("/hops/1"), { ...calm(), maxHops: 0 });

    expect(fetched.headers.get("location")).toBe("/hops/0");
    fetched.discard();
  });

  test("sends credentials to the first origin only, even when a redirect leads back", async () => {
    const headers = { Cookie: "secret", authorization: "Bearer secret", accept: "a/b" };
    const resolve: Resolve = async () => ["127.0.0.1"];
    const send = async (path: string) =>
      JSON.parse(await (await open(resolve)(at(path), { ...calm(), headers })).text());
    const abroad = `http://media.test:${server.port}`;

    expect(await send("/to?/headers")).toEqual(["secret", "Bearer secret", "a/b"]);
    expect(await send(`/to?${abroad}/headers`)).toEqual([null, null, "a/b"]);
    expect(await send(`/to?${abroad}/to?${at("/headers")}`)).toEqual([null, null, "a/b"]);
  });
});

describe("what it does not wait for", () => {
  test("a body larger than allowed, announced or not", async () => {
    const small = { ...calm(), maxBytes: 1_000 };

    expect(await failureOf(guardedFetch(at("/large"), small))).toMatchObject({
      code: "fetch_too_large",
      max_bytes: 1_000,
    });
    const endless = await guardedFetch(at("/endless"), small);
    expect((await failureOf(endless.text())).code).toBe("fetch_too_large");
  });

  test("an answer that never begins", async () => {
    const failure = await failureOf(guardedFetch(at("/silent"), { ...calm(), stallMs: 100 }));
    expect(failure).toEqual({ code: "fetch_timeout", stallMs: 100 });
  });

  test("a resolver that never answers", async () => {
    const resolve: Resolve = () => new Promise(() => {});
    const request = { ...calm(), stallMs: 100 };

    const failure = await failureOf(open(resolve)("https://cdn.example/", request));
    expect(failure).toEqual({ code: "fetch_timeout", stallMs: 100 });
  });

  test("a body that stops", async () => {
    const text = guardedFetch(at("/stalls"), { ...calm(), stallMs: 100 }).then((it) => it.text());
    expect(await failureOf(text)).toEqual({ code: "fetch_timeout", stallMs: 100 });
  });

  test("a body that drips for longer than the whole may take", async () => {
    const hasty = { ...calm(), timeoutMs: 200 };
    const text = guardedFetch(at("/endless"), hasty).then((it) => it.text());
    expect(await failureOf(text)).toEqual({ code: "fetch_timeout", timeoutMs: 200 });
  });

  test("a body that drips, as if it were silent", async () => {
    const text = guardedFetch(at("/drips"), { ...calm(), stallMs: 200 }).then((it) => it.text());
    expect(await failureOf(text)).toEqual({ code: "fetch_timeout", stallMs: 200 });
  });

  test("an aborted request ends with the caller's reason, and closes its connection", async () => {
    const caller = new AbortController();
    const fetched = await guardedFetch(at("/stalls?given-up"), {
      ...calm(),
      signal: caller.signal,
    });
    setTimeout(() => caller.abort(new Error("the lecture was deleted")), 20);

    await expect(fetched.text()).rejects.toThrow("the lecture was deleted");
    while (!aborted.includes("?given-up")) await Bun.sleep(2);
  });

  test("a consumer that left the loop: the transfer ends", async () => {
    const fetched = await guardedFetch(at("/endless?left"), calm());
    for await (const _ of fetched.body) break;

    while (!aborted.includes("?left")) await Bun.sleep(2);
  });

  test("a server that does not exist", async () => {
    const failure = await failureOf(
      open(undefined, ["127.0.0.1:1"])("http://127.0.0.1:1/", calm()),
    );
    expect(failure.code).toBe("provider_unavailable");
  });
});

function answer(request: Request): Response | Promise<Response> {
  const { pathname, search, href } = new URL(request.url);
  const [, page, hops] = pathname.split("/");
  request.signal.addEventListener("abort", () => aborted.push(search));
  const redirect = (location: string) => new Response(null, { status: 302, headers: { location } });
  const drip = (pauseMs: number, bytes = 100) =>
    new ReadableStream({
      async pull(controller) {
        controller.enqueue(new Uint8Array(bytes));
        await Bun.sleep(pauseMs);
      },
    });

  switch (page) {
    case "to":
      return redirect(href.slice(href.indexOf("?") + 1));
    case "hops":
      return hops === "0" ? new Response("arrived") : redirect(`/hops/${Number(hops) - 1}`);
    case "host":
      return new Response(request.headers.get("host"));
    case "port":
      return new Response(String(server.requestIP(request)?.port));
    case "headers":
      return Response.json(
        ["cookie", "authorization", "accept"].map((name) => request.headers.get(name)),
      );
    case "large":
      return new Response(new Uint8Array(2_000));
    case "endless":
      return new Response(drip(10));
    case "drips":
      return new Response(drip(10, 1));
    case "stalls":
      return new Response(drip(60_000));
    default:
      return new Promise(() => {}); // silent
  }
}
