import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { get, postFile, postJson } from "../../support/http";
import { openServerHost, type Server } from "../../support/server";
import { eventually } from "../../support/waiting";

setDefaultTimeout(120_000);

const ADMIN = { authorization: "Bearer 0123456789abcdef0123456789abcdef" };
const host = await openServerHost();
let server: Server;
let course_id: string;
beforeAll(async () => {
  server = await host.start({
    BOOTSTRAP_API_KEY: ADMIN.authorization.slice(7),
    TRUSTED_PROXIES: "127.0.0.1",
    RATE_LIMITS: "read=20,address=30,failed_logins=3,streams=2,uploads=1",
  });
  course_id = (await server.json(postJson("/api/courses", { name: "Limits" }, ADMIN))).id;
});
afterAll(() => host[Symbol.asyncDispose]());

/** A key of its own, so that tests do not share a bucket. */
const newKey = async (more: { rate_per_minute?: number } = {}) => {
  const fields = { name: "test", scopes: ["read", "ingest", "chat"], ...more };
  const { key } = await server.json(postJson("/api/keys", fields, ADMIN));
  return { authorization: `Bearer ${key}` };
};
const statuses = async (count: number, request: () => Request) => {
  const responses = [];
  for (let i = 0; i < count; i++) responses.push(await server.send(request()));
  return responses;
};

test("a key gets the state of its limit, and 429 with Retry-After beyond it", async () => {
  const key = await newKey();
  const responses = await statuses(25, () => get("/api/courses", key));
  const [first, last] = [responses[0]!, responses.at(-1)!];

  expect(first.status).toBe(200);
  expect(first.headers.get("ratelimit-limit")).toBe("20");
  expect(first.headers.get("ratelimit-remaining")).toBe("19");
  expect(last.status).toBe(429);
  expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(last.headers.get("ratelimit-remaining")).toBe("0");
  expect(await last.json()).toMatchObject({
    code: "rate_limited",
    details: { limit_per_minute: 20 },
  });

  const other = await newKey();
  expect((await server.send(get("/api/courses", other))).status).toBe(200);
});

test("a key with a rate of its own has it for all scopes together, and passes it to its successor", async () => {
  const key = await newKey({ rate_per_minute: 3 });
  const reads = await statuses(2, () => get("/api/courses", key));
  const chat = await server.send(get("/api/chat/capabilities", key));
  const refused = await server.send(get("/api/courses", key));

  expect([...reads, chat].map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(chat.headers.get("ratelimit-limit")).toBe("3");
  expect(chat.headers.get("ratelimit-remaining")).toBe("0");
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(10);
  expect(await refused.json()).toMatchObject({ details: { limit_per_minute: 3 } });

  const id = key.authorization.split("_")[1]!;
  const rotate = (of: string, body: object) =>
    server.json(postJson(`/api/keys/${of}/rotate`, body, ADMIN));
  const next = await rotate(id, {});
  expect(next.rate_per_minute).toBe(3);
  const faster = await rotate(next.key_id, { rate_per_minute: 7 });
  const first = await server.send(get("/api/courses", { authorization: `Bearer ${faster.key}` }));
  expect(first.headers.get("ratelimit-limit")).toBe("7");
  const usual = await rotate(faster.key_id, { rate_per_minute: null });
  expect(usual.rate_per_minute).toBeNull();
});

test.each([0, -1, 1.5, "many", 1e9])("a rate of %p is refused", async (rate_per_minute) => {
  const fields = { name: "test", scopes: ["read"], rate_per_minute };
  const response = await server.send(postJson("/api/keys", fields, ADMIN));

  expect(response.status).toBe(422);
  expect((await response.json()).details.fields[0].path).toBe("rate_per_minute");
});

test("an address that fails to log in is stopped, also with a valid key, and others are not", async () => {
  const from = (address: string, key: string) =>
    get("/api/courses", { authorization: `Bearer ${key}`, "x-forwarded-for": address });
  const failed = await statuses(5, () => from("203.0.113.1", "lk_wrong"));

  expect(failed.map(({ status }) => status)).toEqual([401, 401, 401, 429, 429]);
  const valid = ADMIN.authorization.slice(7);
  expect((await server.send(from("203.0.113.1", valid))).status).toBe(429);
  expect((await server.send(from("203.0.113.2", valid))).status).toBe(200);
  expect((await server.send(get("/api/health", { "x-forwarded-for": "203.0.113.1" }))).status).toBe(
    200,
  );
});

test("an address has a limit for all its requests, public ones too", async () => {
  const responses = await statuses(35, () =>
    get("/api/agui/config", { "x-forwarded-for": "203.0.113.7" }),
  );

  expect(responses.slice(0, 30).every(({ status }) => status === 200)).toBe(true);
  expect(responses.at(-1)!.status).toBe(429);
});

test("a key has as many streams open as allowed, and a closed one makes room", async () => {
  const key = await newKey();
  const open = async () => {
    const closing = new AbortController();
    const url = `${server.url}/api/events`;
    const response = await fetch(url, { headers: key, signal: closing.signal });
    return { status: response.status, response, close: () => closing.abort() };
  };
  const [first, second] = [await open(), await open()];
  const third = await open();

  expect([first.status, second.status, third.status]).toEqual([200, 200, 429]);
  expect(await third.response.json()).toMatchObject({
    code: "too_many_at_once",
    details: { kind: "streams", limit: 2 },
  });
  const answer = await server.send(postJson("/api/chat", { course_id, message: "Why?" }, key));
  expect(answer.status).toBe(429);

  first.close();
  const again = await eventually(open, ({ status }) => status === 200, 10_000);
  again.close();
  second.close();
  // Answers end by themselves, also refused ones.
  for (let i = 0; i < 5; i++) {
    const reply = () => server.send(postJson("/api/chat", { course_id, message: "Why?" }, key));
    expect((await eventually(reply, ({ status }) => status !== 429, 10_000)).status).toBe(200);
    const refused = await server.send(postJson("/api/chat", { message: "Where?" }, key));
    expect(refused.status).toBe(422);
  }
});

test("each signed address has a limit of its own", async () => {
  const form = postFile(
    "/api/lectures/transcript",
    { course_id },
    {
      name: "a.vtt",
      bytes: new TextEncoder().encode("WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n"),
    },
  );
  form.headers.set("authorization", ADMIN.authorization);
  const { lecture_id } = await server.json(form);
  const path = `/api/lectures/${lecture_id}/transcript`;
  const urls = { urls: [path, `${path}?format=txt`, `${path}/view`] };
  const { items } = await server.json(postJson("/api/signed-urls", urls, ADMIN));
  const [first, , other] = items.map(({ url }: { url: string }) => url);

  const opened = await statuses(22, () => get(first));
  expect(opened[0]!.status).toBe(200);
  expect(opened.at(-1)!.status).toBe(429);
  expect((await server.send(get(other))).status).toBe(200);
});

test("uploads of a key are limited at the same time, not one after another", async () => {
  const key = await newKey();
  const upload = () => {
    const request = postFile(
      "/api/documents/upload",
      { course_id },
      { name: "a.pdf", bytes: new Uint8Array(9) },
    );
    for (const [name, value] of Object.entries(key)) request.headers.set(name, value);
    return server.send(request);
  };
  for (let i = 0; i < 4; i++) expect((await upload()).status).toBe(422); // not a PDF

  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = fetch(`${server.url}/api/documents/upload`, {
    method: "POST",
    headers: { ...key, "content-type": "multipart/form-data; boundary=x" },
    body: new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode("--x\r\n"));
        await promise;
        controller.enqueue(new TextEncoder().encode("--x--"));
        controller.close();
      },
    }),
  });
  expect((await eventually(upload, ({ status }) => status === 429, 10_000)).status).toBe(429);
  resolve();
  await slow;
  expect((await upload()).status).toBe(422);
});
