import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { EVENT_STREAM, toStreamingResponse } from "../../../src/routes/http/streaming-response";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const SECOND = 1_000;

/** A stream whose batches come when the test says so. */
function openStream(form: typeof EVENT_STREAM | { heartbeat: undefined }) {
  const said: PromiseWithResolvers<string[] | null>[] = [Promise.withResolvers()];
  async function* batches() {
    for (;;) {
      const batch = await said.at(-1)!.promise;
      said.push(Promise.withResolvers());
      if (batch === null) return;
      yield batch;
    }
  }
  const onGone = () => {};
  const response = toStreamingResponse(batches(), { ...EVENT_STREAM, ...form, onGone });
  const reader = response.body!.getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  return { read, say: (batch: string[] | null) => said.at(-1)!.resolve(batch) };
}

test("silence is filled with comments, which are no events", async () => {
  const stream = openStream(EVENT_STREAM);
  const first = stream.read();
  jest.advanceTimersByTime(5 * SECOND);

  expect(await first).toMatch(/^:.*\n\n$/);
  stream.say(["hello"]);
  expect(await stream.read()).toBe("data: hello\n\n");
  stream.say(null);
  expect(await stream.read()).toBe("");
  jest.advanceTimersByTime(60 * SECOND); // writing now would throw
});

test("a reader that takes nothing gets no comments piled up", async () => {
  const stream = openStream(EVENT_STREAM);
  jest.advanceTimersByTime(60 * SECOND);
  stream.say(["hello"]);

  expect(await stream.read()).toStartWith(":");
  expect(await stream.read()).toBe("data: hello\n\n");
});

test("a form without comments stays silent, also when it has nothing to say of a batch", async () => {
  const stream = openStream({ heartbeat: undefined });
  const first = stream.read();
  jest.advanceTimersByTime(60 * SECOND);
  stream.say([]);
  await Promise.resolve();
  await Promise.resolve();
  stream.say(["hello"]);

  expect(await first).toBe("data: hello\n\n");
});

test("a stream that fails has no heart that beats on", async () => {
  async function* failing(): AsyncGenerator<string[]> {
    yield ["hello"];
    throw new Error("no more");
  }
  const reader = toStreamingResponse(failing(), { ...EVENT_STREAM, onGone() {} }).body!.getReader();
  await reader.read();

  await expect(reader.read()).rejects.toThrow("no more");
  expect(jest.getTimerCount()).toBe(0);
});
