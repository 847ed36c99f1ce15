import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import {
  EVENT_STREAM,
  type StreamFormat,
  toStreamingResponse,
} from "../../../src/routes/http/streaming-response";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const SECOND = 1_000;

/** A stream whose batches the test sends. */
function openStream(form: typeof EVENT_STREAM | { heartbeat: undefined }) {
  const batchesToSend: PromiseWithResolvers<string[] | null>[] = [Promise.withResolvers()];
  async function* batches() {
    for (;;) {
      const batch = await batchesToSend.at(-1)!.promise;
      batchesToSend.push(Promise.withResolvers());
      if (batch === null) return;
      yield batch;
    }
  }
  const onGone = () => {};
  const response = toStreamingResponse(batches(), { ...EVENT_STREAM, ...form, onGone });
  const reader = response.body!.getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  return { read, send: (batch: string[] | null) => batchesToSend.at(-1)!.resolve(batch) };
}

test("a silent stream gets comments, which are not events", async () => {
  const stream = openStream(EVENT_STREAM);
  const first = stream.read();
  jest.advanceTimersByTime(5 * SECOND);

  expect(await first).toMatch(/^:.*\n\n$/);
  stream.send(["hello"]);
  expect(await stream.read()).toBe("data: hello\n\n");
  stream.send(null);
  expect(await stream.read()).toBe("");
  jest.advanceTimersByTime(60 * SECOND); // writing now would throw
});

test("comments do not pile up for a reader that reads nothing", async () => {
  const stream = openStream(EVENT_STREAM);
  jest.advanceTimersByTime(60 * SECOND);
  stream.send(["hello"]);

  expect(await stream.read()).toStartWith(":");
  expect(await stream.read()).toBe("data: hello\n\n");
});

test("a format without comments stays silent, also for a batch without bytes", async () => {
  const stream = openStream({ heartbeat: undefined });
  const first = stream.read();
  jest.advanceTimersByTime(60 * SECOND);
  stream.send([]);
  await Promise.resolve();
  await Promise.resolve();
  stream.send(["hello"]);

  expect(await first).toBe("data: hello\n\n");
});

test("a stream that fails has no heartbeat left", async () => {
  async function* failing(): AsyncGenerator<string[]> {
    yield ["hello"];
    throw new Error("no more");
  }
  const reader = toStreamingResponse(failing(), { ...EVENT_STREAM, onGone() {} }).body!.getReader();
  await reader.read();

  await expect(reader.read()).rejects.toThrow("no more");
  expect(jest.getTimerCount()).toBe(0);
});

/** Milliseconds until batches that are all there have arrived. */
async function timeOfBatches(format: StreamFormat<string[]>, batches = 60): Promise<number> {
  jest.useRealTimers();
  async function* quick() {
    for (let n = 0; n < batches; n += 1) yield [`${n}`];
  }
  const reader = toStreamingResponse(quick(), { ...format, onGone() {} }).body!.getReader();
  const started = performance.now();
  let chunks = 0;
  while (!(await reader.read()).done) chunks += 1;
  expect(chunks).toBe(batches);
  return performance.now() - started;
}

test("events are sent in one chunk in 16 ms on average after the first ones, other formats at once", async () => {
  const paced = await timeOfBatches(EVENT_STREAM);
  const free = await timeOfBatches({
    contentType: "application/json",
    encode: (batch) => new TextEncoder().encode(batch.join("")),
  });

  expect(paced).toBeGreaterThan(26 * 16);
  expect(free).toBeLessThan(paced);
});

test("each of hundreds of streams sends fewer chunks, until the others end", async () => {
  async function* silent(): AsyncGenerator<string[]> {
    yield await new Promise<string[]>(() => {});
  }
  const others = Array.from({ length: 400 }, () =>
    toStreamingResponse(silent(), { ...EVENT_STREAM, heartbeat: undefined, onGone() {} }),
  );
  const crowded = await timeOfBatches(EVENT_STREAM, 20);
  await Promise.all(others.map(({ body }) => Promise.race([body!.cancel(), Bun.sleep(1)])));
  const alone = await timeOfBatches(EVENT_STREAM, 20);

  expect(crowded).toBeGreaterThan(8 * 50);
  expect(alone).toBeLessThan(crowded);
});
