import { afterAll, expect, test } from "bun:test";
import { openBucket, type S3Settings } from "../../src/storage/bucket";
import { startS3Server, startSilentBucket } from "../support/s3-server";

const silent = startSilentBucket();
afterAll(() => silent.close());
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
