import { describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import { z } from "zod";
import {
  conversationBody,
  jsonBody,
  readJsonBytes,
  SMALL_BODY,
} from "../../../src/routes/http/json-body";
import { problems } from "../../../src/routes/http/problems";
import { silentLog } from "../../support/factories";

const Body = z.strictObject({
  name: z.string().optional(),
  list: z.array(z.int()).max(100).optional(),
  inner: z.strictObject({ a: z.int() }).optional(),
});
const app = new Elysia()
  .use(problems(silentLog, () => ["POST"]))
  .post("/small", ({ body }) => body, { parse: jsonBody, body: Body })
  .post("/conversation", ({ body }) => typeof body, {
    parse: conversationBody,
  });

const encoder = new TextEncoder();
const latin1 = (text: string) => Buffer.from(text, "latin1");

/** The body arrives in pieces, as from a network. */
function send(path: string, json: string | Uint8Array<ArrayBuffer>) {
  const bytes = typeof json === "string" ? encoder.encode(json) : json;
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, (at += 64 * 1024)));
    },
  });
  const headers = { "content-type": "application/json" };
  return app.handle(new Request(`http://localhost${path}`, { method: "POST", headers, body }));
}

const problemOf = async (response: Response) => {
  const { code, details } = (await response.json()) as { code: string; details: unknown };
  return { status: response.status, code, details };
};

describe("a body of our own", () => {
  test("with unknown fields is refused, and each of them is named", async () => {
    const response = await send(
      "/small",
      '{"name":"x","nmae":"y","force":1,"inner":{"a":1,"b":2}}',
    );

    expect(await problemOf(response)).toEqual({
      status: 422,
      code: "request_invalid",
      details: {
        fields: expect.arrayContaining(
          ["inner.b", "nmae", "force"].map((path) => ({
            path,
            message: "is not a field of this request",
          })),
        ),
      },
    });
  });

  test.each([
    ["1 MB of one string", `{"name":"${"x".repeat(1_000_000)}"}`, 413, "body_too_large"],
    ["10 001 values", `{"list":[${"1,".repeat(10_000)}1]}`, 413, "body_too_complex"],
    ["a key twice", '{"name":"a","name":"b"}', 422, "request_invalid"],
    ["__proto__", '{"__proto__":{"name":"x"}}', 422, "request_invalid"],
    ["a number that is too large", '{"list":[1e999]}', 422, "request_invalid"],
  ])("with %s is refused", async (_, json, status, code) => {
    expect(await problemOf(await send("/small", json))).toMatchObject({ status, code });
  });

  test("with thousands of wrong values is refused with the first ones", async () => {
    const response = await send("/small", `{"list":[${'"x",'.repeat(9_000)}1]}`);
    const problem = await problemOf(response);

    expect(problem).toMatchObject({ status: 422, code: "request_invalid" });
    expect(JSON.stringify(problem).length).toBeLessThan(10_000);
  });

  test.each([
    ["Latin-1", Buffer.from('{"name":"caf\u00e9"}', "latin1")],
    ["UTF-16", Buffer.from('\ufeff{"name":"x"}', "utf16le")],
    ["a cut UTF-8 character", Buffer.from('{"name":"\u00e9"}').subarray(0, -3)],
    ["an encoded surrogate", Buffer.concat(['{"name":"', "\xed\xa0\x80", '"}'].map(latin1))],
  ])("in %s is refused instead of stored with wrong letters", async (_, bytes) => {
    expect(await problemOf(await send("/small", new Uint8Array(bytes)))).toEqual({
      status: 400,
      code: "body_malformed",
      details: { expected: "JSON in UTF-8" },
    });
  });

  test("can begin with a byte order mark", async () => {
    const response = await send("/small", '\ufeff{"name":"é"}');
    expect(await response.json()).toEqual({ name: "é" });
  });

  test("gets U+FFFD for half a character, and names the field with a NUL", async () => {
    const mended = await send("/small", '{"name":"a\\ud83e"}');
    expect(await mended.json()).toEqual({ name: "a\ufffd" });

    const response = await send("/small", '{"inner":{"a":"\\u0000"}}');
    expect(await problemOf(response)).toMatchObject({
      details: { fields: [{ path: "inner.a", message: "contains a NUL character" }] },
    });
    const escaped = await send("/small", '{"name":"\\\\u0000 \\\\ud83e"}');
    expect(await escaped.json()).toEqual({ name: "\\u0000 \\ud83e" });
  });
});

describe("a body that trickles", () => {
  /** Sends a byte every 5 ms until it is cancelled, or until it has sent `bytes`. */
  function trickle(bytes: number) {
    const source = { sent: 0, cancelled: false };
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await Bun.sleep(5);
        controller.enqueue(encoder.encode("1"));
        if (++source.sent >= bytes) controller.close();
      },
      cancel() {
        source.cancelled = true;
      },
    });
    return { source, request: new Request("http://localhost/small", { method: "POST", body }) };
  }

  test("is refused at the time limit, although a byte arrives again and again", async () => {
    const { request, source } = trickle(Number.POSITIVE_INFINITY);

    const reading = readJsonBytes(request, { ...SMALL_BODY, timeoutMs: 60 });

    await expect(reading).rejects.toMatchObject({
      errorCode: "body_too_slow",
      details: { limit_s: 0.06 },
    });
    expect(source.cancelled).toBe(true);
  });

  test("is read when it ends before the limit", async () => {
    const { request } = trickle(5);

    const bytes = await readJsonBytes(request, { ...SMALL_BODY, timeoutMs: 60_000 });

    expect(bytes.toString()).toBe("11111");
  });
});

/** The longest time in which no timer could run, and the growth of memory, both for one body. */
async function measure(bytes: Uint8Array<ArrayBuffer>) {
  let last = performance.now();
  let blocked_ms = 0;
  const timer = setInterval(() => {
    blocked_ms = Math.max(blocked_ms, performance.now() - last);
    last = performance.now();
  }, 1);
  await Bun.sleep(5);
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  last = performance.now();
  blocked_ms = 0;
  const { status } = await send("/conversation", bytes);
  await Bun.sleep(2);
  clearInterval(timer);
  return { status, blocked_ms, grown: (process.memoryUsage.rss() - before) / bytes.length };
}

const MB = 1_000_000;
describe("a body made to stall the server", () => {
  test.each([
    ["empty lists", () => `{"a":[${"[],".repeat(5 * MB)}0]}`, 413],
    ["numbers", () => `[${"1.5,".repeat(4 * MB)}0]`, 413],
    ["keys", () => `{${Array.from({ length: 1.1 * MB }, (_, i) => `"k${i}":1`).join()}}`, 413],
    ["a long text", () => `{"a":"${"x".repeat(16 * MB)}"}`, 200],
    ["escapes", () => `{"a":"${"\\n".repeat(8 * MB)}"}`, 413],
    ["half characters", () => `{"a":"${"\\ud83e".repeat(2.6 * MB)}"}`, 413],
    ["digits", () => `[${"1".repeat(16 * MB)}]`, 400],
    ["spaces", () => `[${" ".repeat(16 * MB)}]`, 200],
    ["as many values as allowed", () => `[${"{},".repeat(99_000)}{}]`, 200],
  ])("of %s is answered in between", async (_, make, status) => {
    const bytes = encoder.encode(make());
    const runs = [];
    // Other programs on the machine only add to the time: the shortest run counts.
    for (let run = 0; run < 15; run++) {
      runs.push(await measure(bytes));
      if (runs.at(-1)!.blocked_ms < 100) break;
    }

    expect(runs.map((run) => run.status)).toEqual(runs.map(() => status));
    expect(Math.min(...runs.map(({ blocked_ms }) => blocked_ms))).toBeLessThan(100);
    if (bytes.length > MB) {
      expect(Math.min(...runs.map(({ grown }) => grown))).toBeLessThan(10);
    }
  });
});
