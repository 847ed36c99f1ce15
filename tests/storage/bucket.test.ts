import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBucket, type S3Settings } from "../../src/storage/bucket";
import { type LineFault, openFaultyLine } from "../support/faulty-line";
import { startS3Server, startSilentBucket } from "../support/s3-server";

const silent = startSilentBucket();
const folder = await mkdtemp(join(tmpdir(), "bucket-"));
afterAll(async () => {
  await silent.close();
  await rm(folder, { recursive: true });
});
const LIMITS = { requestMs: 100, transferMs: 100 };
const LONG = { requestMs: 100, transferMs: 60_000 };

async function* bytes() {
  yield Buffer.from("content");
}
const contentType = "application/pdf";

test("each request to a bucket that does not answer ends after its limit", async () => {
  const bucket = openBucket(silent.settings, LIMITS);
  const ends = { code: "ETIMEDOUT" };

  await Promise.all([
    expect(bucket.stat("a")).rejects.toMatchObject(ends),
    expect(bucket.put("a", "text")).rejects.toMatchObject(ends),
    expect(bucket.remove("a")).rejects.toMatchObject(ends),
    expect(bucket.list({})).rejects.toMatchObject(ends),
    expect(bucket.write("a", bytes(), { contentType })).rejects.toMatchObject(ends),
    expect(new Response(bucket.stream("a")).text()).rejects.toMatchObject(ends),
  ]);
});

test("a small upload to a bucket that does not answer waits no longer than a request", async () => {
  const written = openBucket(silent.settings, LONG).write("a", bytes(), { contentType });

  await expect(Promise.race([written, Bun.sleep(5_000)])).rejects.toMatchObject({
    code: "ETIMEDOUT",
  });
});

test("an upload to a bucket that does not answer ends with its signal", async () => {
  const stop = new AbortController();
  const bucket = openBucket(silent.settings, LONG);
  const written = bucket.write("a", bytes(), { contentType, signal: stop.signal });
  stop.abort(new Error("cancelled by a person"));

  await expect(written).rejects.toThrow("cancelled by a person");
});

test("an object that stops in the middle ends after the limit", async () => {
  await using server = serveHalf();
  const read = new Response(openBucket(server.settings, LIMITS).stream("a")).text();

  await expect(read).rejects.toMatchObject({ code: "ETIMEDOUT" });
});

test("a consumer that pauses longer than the limit gets all bytes", async () => {
  const s3 = await startS3Server();
  const bucket = openBucket(s3.settings, { requestMs: 5_000, transferMs: 250 });
  const content = Buffer.alloc(3_000_000, "x");
  await bucket.write("a", new Blob([content]).stream(), { contentType });
  let size = 0;
  for await (const chunk of bucket.stream("a")) {
    if (size === 0) await Bun.sleep(400);
    size += chunk.length;
  }
  const part = await new Response(bucket.stream("a", { start: 10, end: 14 })).text();
  await s3.close();

  expect(size).toBe(content.length);
  expect(part).toBe("xxxx");
});

const CONTENT = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251));

/** Each operation once, and what it returns. */
async function useAll(settings: S3Settings, before = () => {}) {
  const bucket = openBucket(settings, { requestMs: 5_000, transferMs: 5_000 });
  const path = join(folder, "a");
  await Bun.write(path, CONTENT);
  const next = <T>(work: () => Promise<T>) => {
    before();
    return work();
  };
  const written = await next(() => bucket.writeFile("a", path, { contentType }));
  const { size } = await next(() => bucket.stat("a"));
  const read = await next(() => new Response(bucket.stream("a")).bytes());
  const part = await next(() => new Response(bucket.stream("a", { start: 10, end: 14 })).bytes());
  await next(() => bucket.put("b", "text"));
  const list = await next(() => bucket.list({}));
  await next(() => bucket.remove("a"));
  const kept = await bucket.list({});
  const keysOf = ({ contents }: Bun.S3ListObjectsResponse) =>
    contents?.map(({ key }) => key).toSorted();
  return {
    sizes: [written, size, read.length],
    isSame: CONTENT.equals(read),
    part: [...part],
    keys: [keysOf(list), keysOf(kept)],
  };
}

const ALL_DONE = {
  sizes: [CONTENT.length, CONTENT.length, CONTENT.length],
  isSame: true,
  part: [10, 11, 12, 13],
  keys: [["a", "b"], ["b"]],
};

test.each([
  [500, "InternalError"],
  [503, "SlowDown"],
  [502, null],
])(
  "a bucket that answers every second request with an error is used: %i %s",
  async (status, code) => {
    const s3 = await startS3Server();
    let requests = 0;
    const busy = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        if (requests++ % 2 === 0) {
          const body = code
            ? `<Error><Code>${code}</Code><Message>busy</Message></Error>`
            : "Bad Gateway";
          return new Response(body, { status });
        }
        const { pathname, search } = new URL(request.url);
        return fetch(`${s3.settings.endpoint}${pathname}${search}`, {
          method: request.method,
          headers: request.headers,
          body: request.body,
        });
      },
    });
    const found = await useAll({ ...s3.settings, endpoint: busy.url.origin });
    await busy.stop(true);
    await s3.close();

    expect(found).toEqual(ALL_DONE);
    expect(requests).toBeGreaterThan(14);
  },
);

test.each<LineFault>(["refuse", "end", "reset", "cut_answers"])(
  "connections to a bucket that break (%s) are opened again",
  async (fault) => {
    const s3 = await startS3Server();
    await using line = await openFaultyLine(s3.settings.endpoint!);
    const endpoint = new URL(line.url).origin;
    const found = await useAll({ ...s3.settings, endpoint }, () => {
      line.break(fault);
      setTimeout(line.mend, 50);
    });
    await s3.close();

    expect(found).toEqual(ALL_DONE);
  },
);

test.each([
  ["a part of its bytes", { "content-length": "3" }],
  ["no object", null],
])("an object of which the bucket first shows %s is stored", async (_, first) => {
  let shown = 0;
  const late = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ method }) {
      const isWhole = method !== "HEAD" || ++shown === 3;
      if (!isWhole && !first) return new Response(null, { status: 404 });
      const size = isWhole ? { "content-length": `${"content".length}` } : first!;
      return new Response(null, { headers: method === "HEAD" ? size : {} });
    },
  });
  const bucket = openBucket({ ...silent.settings, endpoint: late.url.origin });
  const written = await bucket.write("a", bytes(), { contentType });
  shown = -10;
  const lost = bucket.write("a", bytes(), { contentType });
  await expect(lost).rejects.toMatchObject({ code: first ? "ObjectIncomplete" : "NoSuchKey" });
  await late.stop(true);

  expect(written).toBe("content".length);
});

test("a refusal is not asked for again", async () => {
  let requests = 0;
  const refusing = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch() {
      requests += 1;
      const body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
      return new Response(body, { status: 403 });
    },
  });
  const bucket = openBucket({ ...silent.settings, endpoint: refusing.url.origin });
  await expect(bucket.put("a", "text")).rejects.toMatchObject({ code: "AccessDenied" });
  expect(requests).toBe(1);
  await refusing.stop(true);
});

function serveHalf(): { settings: S3Settings } & AsyncDisposable {
  const half = (request: Request) =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(Buffer.from(request.method)),
      }),
    );
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: half });
  return {
    settings: { ...silent.settings, endpoint: `http://127.0.0.1:${server.port}` },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
