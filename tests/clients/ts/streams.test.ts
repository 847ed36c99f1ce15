// One engine: the subject is the TypeScript client.
import { describe, expect, test } from "bun:test";
import {
  createLecternClient,
  followEvents,
  itemsOf,
  LecternError,
  type ProcessingEvent,
  StreamInterruptedError,
  streamAnswer,
  waitForDocument,
} from "@lectern/client";
import { createStudiedCourse, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import { eventually } from "../../support/waiting";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

const ANSWER = { text: "A fair coin has one bit of entropy." };
const STALLING = { ...ANSWER, fault: { kind: "stall" as const, afterTokens: 3 } };
const question = { course_id, message: "How much entropy has a coin?" };

/** A server that answers each request with the next response. */
const answering = (...responses: (() => Response)[]) => {
  const requests: { search: string; lastEventId: string | null }[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { search } = new URL(request.url);
      requests.push({ search, lastEventId: request.headers.get("last-event-id") });
      return responses[Math.min(requests.length, responses.length) - 1]!();
    },
  });
  const lectern = createLecternClient({ baseUrl: `http://127.0.0.1:${server.port}` });
  return { lectern, requests, [Symbol.dispose]: () => void server.stop(true) };
};
const sse = (text: string) =>
  new Response(text, { headers: { "content-type": "text/event-stream" } });

describe("a streamed answer", () => {
  test("yields the events of the run in their order", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const lectern = createLecternClient({ baseUrl: server.url });
    let text = "";
    const types: string[] = [];
    for await (const event of streamAnswer(lectern, question)) {
      types.push(event.type);
      if (event.type === "TEXT_MESSAGE_CONTENT") text += event.delta;
    }

    expect(text).toBe(ANSWER.text);
    expect([types[0], types.at(-1)]).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
  });

  test("sends the key with each request, also one that changes", async () => {
    await using server = serveChat(db, { replies: () => ANSWER, key: "lk_right" });
    let apiKey = "lk_wrong";
    const lectern = createLecternClient({ baseUrl: server.url, apiKey: () => apiKey });
    const ask = () => Array.fromAsync(streamAnswer(lectern, question));

    const refused = await ask().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LecternError);
    expect(refused).toMatchObject({ status: 401, code: "unauthenticated" });
    apiKey = "lk_right";
    expect((await ask()).at(-1)?.type).toBe("RUN_FINISHED");
  });

  test("throws the server's problem with the fields for a question that it refuses", async () => {
    await using server = serveChat(db);
    const lectern = createLecternClient({ baseUrl: server.url });
    const asked = Array.fromAsync(streamAnswer(lectern, { course_id, message: "" }));

    expect(asked).rejects.toMatchObject({
      code: "request_invalid",
      message: expect.stringContaining("message: must not be blank"),
      problem: { details: { fields: [{ path: "message" }] } },
    });
    await asked.catch(() => {});
  });

  test("stops the model when the loop is left", async () => {
    await using server = serveChat(db, { replies: [STALLING] });
    const lectern = createLecternClient({ baseUrl: server.url });
    for await (const { type } of streamAnswer(lectern, question)) {
      if (type === "TEXT_MESSAGE_CONTENT") break;
    }

    await eventually(
      async () => server.openai.aborted,
      (aborted) => aborted === 1,
    );
  });

  test("stops the model when the signal aborts, and throws its reason", async () => {
    await using server = serveChat(db, { replies: [STALLING] });
    const lectern = createLecternClient({ baseUrl: server.url });
    const stop = new AbortController();
    const asked = (async () => {
      for await (const { type } of streamAnswer(lectern, question, { signal: stop.signal })) {
        if (type === "TEXT_MESSAGE_CONTENT") stop.abort();
      }
    })();

    expect(await asked.catch(({ name }) => name)).toBe("AbortError");
    await eventually(
      async () => server.openai.aborted,
      (aborted) => aborted === 1,
    );
  });

  test("says so when the connection ends before the answer", async () => {
    using server = answering(() => sse('data: {"type":"RUN_STARTED"}\n\n'));
    const asked = Array.fromAsync(streamAnswer(server.lectern, question));

    expect(await asked.catch((error: unknown) => error)).toBeInstanceOf(StreamInterruptedError);
  });

  test("names the status when a proxy answers in the server's place", async () => {
    using server = answering(() => new Response("<html>", { status: 502 }));
    const failed = await Array.fromAsync(streamAnswer(server.lectern, question)).catch((e) => e);

    expect(failed).toMatchObject({ status: 502, code: undefined, problem: undefined });
  });
});

test("a feed goes on after its last event when the connection ends", async () => {
  const event = (id: number) => `id: ${id}\ndata: {"id":${id}}\n\n`;
  using server = answering(
    () => sse(event(1) + event(2)),
    () => sse(`${event(3)}event: end\ndata: \n\n`),
    () => sse(event(4)),
  );
  const found: number[] = [];
  for await (const { id } of followEvents(server.lectern, { reconnectMs: 1 })) {
    found.push(Number(id));
    if (found.length === 4) break;
  }

  expect(found).toEqual([1, 2, 3, 4]);
  expect(server.requests.map(({ lastEventId }) => lastEventId)).toEqual([null, "2", "3"]);
});

test("a feed whose connection breaks before its first event misses none", async () => {
  using server = answering(
    () => new Response("", { headers: { "last-event-id": "7" } }),
    () => sse(`id: 8\ndata: {"id":8}\n\n`),
  );
  for await (const { id } of followEvents(server.lectern, { reconnectMs: 1 })) {
    expect(id).toBe(8);
    break;
  }

  expect(server.requests.map(({ lastEventId }) => lastEventId)).toEqual([null, "7"]);
});

test("a feed ends with its signal, also between two connections", async () => {
  using server = answering(() => sse(""));
  const stop = new AbortController();
  const feed = Array.fromAsync<ProcessingEvent>(
    followEvents(server.lectern, { signal: stop.signal }),
  ).catch(({ name }) => name);
  await eventually(
    async () => server.requests.length,
    (count) => count > 0,
  );
  stop.abort();

  expect(await feed).toBe("AbortError");
});

test("a list is read to its last page, and a refused page throws", async () => {
  const page = (items: object[], next_cursor: string | null) => () =>
    Response.json({ items, next_cursor });
  using server = answering(page([{ id: "a" }], "next"), page([{ id: "b" }], null), () =>
    Response.json({ title: "No", code: "forbidden" }, { status: 403 }),
  );
  const read = (cursor: string | undefined) =>
    server.lectern.GET("/api/courses", { params: { query: { ...(cursor && { cursor }) } } });

  expect((await Array.fromAsync(itemsOf(read))).map(({ id }) => id)).toEqual(["a", "b"]);
  expect(server.requests.map(({ search }) => search)).toEqual(["", "?cursor=next"]);
  const refused = await Array.fromAsync(itemsOf(read)).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "forbidden" });
});

test("waiting ends with its signal", async () => {
  using server = answering(() => Response.json({ status: "described" }));
  const stop = new AbortController();
  const waiting = waitForDocument(server.lectern, crypto.randomUUID(), { signal: stop.signal });
  await eventually(
    async () => server.requests.length,
    (count) => count > 0,
  );
  stop.abort();

  expect(await waiting.catch(({ name }) => name)).toBe("AbortError");
});
