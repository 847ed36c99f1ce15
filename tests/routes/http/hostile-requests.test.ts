import { afterAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { BOOTSTRAP, openGuardedApp } from "../../support/access";

/** Requests that no browser and no client library sends, over a socket. */
const guarded = await openGuardedApp();
const server = Bun.serve({ port: 0, fetch: (request) => guarded.app.handle(request) });
afterAll(async () => {
  await server.stop(true);
  await guarded[Symbol.asyncDispose]();
});

const OWN_HOST = `localhost:${server.port}`;

/** The status and the error code of the response to the exact bytes of a request. */
function sendRaw(lines: string[]): Promise<{ status: number; code: string | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    code: string | null;
  }>();
  const socket = connect(server.port!, "127.0.0.1");
  let received = "";
  socket.on("data", (bytes) => {
    received += bytes;
  });
  socket.on("error", reject);
  socket.on("close", () => {
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(received)?.[1] ?? 0);
    resolve({ status, code: /"code":"(\w+)"/.exec(received)?.[1] ?? null });
  });
  socket.write(`${[...lines, "connection: close"].join("\r\n")}\r\n\r\n`);
  return promise;
}
const get = (path: string, headers: string[] = []) =>
  sendRaw([`GET ${path} HTTP/1.1`, `host: ${OWN_HOST}`, ...headers]);

test.each([
  "//api/keys",
  "/api//keys",
  "/api/../api/keys",
  "/ag-ui/../api/keys",
  "/ag-ui/static/../../api/keys",
  "/ag-ui/%2e%2e/api/keys",
  "/docs/errors/../../api/keys",
  "/api/health/..%2fkeys",
  "/api/%6beys",
  "/api%2fkeys",
  "/API/KEYS",
  "/api/keys/",
  "/api/keys//",
  "/api/keys;jsessionid=1",
  "/api/keys#/ag-ui",
  "/\\api/keys",
  "/api/keys%20",
  "http://evil.example/api/keys",
])("the path %s opens nothing without a key", async (path) => {
  const { status } = await get(path);

  expect([401, 404, 405, 422]).toContain(status);
});

test.each([
  "/ag-ui/static/..%2f..%2f..%2fpackage.json",
  "/ag-ui/..%2f..%2fpackage.json",
  "/ag-ui/%2e%2e%2f%2e%2e%2f.env",
  "/ag-ui/static/....//....//package.json",
  "/swagger/assets/..%2f..%2fpackage.json",
  "/ag-ui/static//etc/passwd",
])("the path %s leads to no file outside", async (path) => {
  expect([404, 422]).toContain((await get(path)).status);
});

test.each([
  [["X-HTTP-Method-Override: GET"]],
  [["X-Original-URL: /api/health", "X-Rewrite-URL: /api/health"]],
  [["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "X-Forwarded-Host: localhost"]],
  [["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]],
  [[`Cookie: key=${BOOTSTRAP}`]],
  [[`Authorization: Basic ${btoa(`key:${BOOTSTRAP}`)}`]],
  [[`Authorization: Bearer ${BOOTSTRAP.slice(0, -1)}`]],
  [[`Authorization: Bearer ${BOOTSTRAP},${BOOTSTRAP}`]],
  [[`Authorization: Bearer ${"a".repeat(12_000)}`]],
])("the headers %p replace no key", async (headers) => {
  expect(await get("/api/keys", headers)).toEqual({ status: 401, code: "unauthenticated" });
});

test.each(["OPTIONS", "TRACE", "PROPFIND", "PURGE", "LINK"])(
  "the method %s opens nothing",
  async (method) => {
    for (const path of ["/api/keys", "/mcp", "/metrics", "/v1/models"]) {
      const { status } = await sendRaw([`${method} ${path} HTTP/1.1`, `host: ${OWN_HOST}`]);
      expect(status).toBe(405);
    }
  },
);

test.each([
  "null",
  "",
  "file://",
  `http://${OWN_HOST}.evil.example`,
  `http://${OWN_HOST}@evil.example`,
])("the origin %p is refused, also with a key", async (origin) => {
  const headers = [`Origin: ${origin}`, `Authorization: Bearer ${BOOTSTRAP}`];
  expect(await get("/api/courses", headers)).toEqual({ status: 403, code: "origin_not_allowed" });
});

test("of two origins the foreign one counts", async () => {
  const headers = [`Origin: http://${OWN_HOST}`, "Origin: http://evil.example"];
  expect((await get("/api/health", headers)).code).toBe("origin_not_allowed");
});

test.each([
  "evil.example",
  "localhost.",
  "localhost.evil.example",
  "127.0.0.1.nip.io",
  "0.0.0.0",
  "localhost@evil.example",
  "evil.example#@localhost",
  "",
  "a b",
])("the host %p is not this server", async (host) => {
  const response = await sendRaw(["GET /api/health HTTP/1.1", `host: ${host}`]);
  expect(response).toEqual({ status: 403, code: "host_not_allowed" });
});

test("a request of HTTP/1.0 without a host is refused, and one with it is answered", async () => {
  const bare = await sendRaw(["GET /api/health HTTP/1.0"]);
  const named = await sendRaw(["GET /api/health HTTP/1.0", `host: ${OWN_HOST}`]);

  expect(bare).toEqual({ status: 403, code: "host_not_allowed" });
  expect(named.status).toBe(200);
});
