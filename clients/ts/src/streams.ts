import { createParser } from "eventsource-parser";
import type { LecternClient } from "./client.js";
import { LecternError } from "./errors.js";
import { pause } from "./pause.js";
import type { AgUiEvent, Citation, operations, ProcessingEvent } from "./schema.js";

/** The connection ended before the stream did. The server keeps the answer: read the session. */
export class StreamInterruptedError extends Error {
  override readonly name = "StreamInterruptedError";
}

type ChatBody = operations["streamAnswer"]["requestBody"]["content"]["application/json"];
type StreamOptions = { signal?: AbortSignal | undefined };

/**
 * Asks, and yields the events of the answer while it is written. Leaving the loop, or aborting the
 * signal, stops the answer.
 *
 * @throws LecternError if the server refuses the question; StreamInterruptedError if the connection
 *   breaks; the reason of the signal
 */
export async function* streamAnswer(
  client: LecternClient,
  body: ChatBody,
  { signal }: StreamOptions = {},
): AsyncGenerator<AgUiEvent> {
  const headers = { accept: "text/event-stream" };
  const options = { body, headers, parseAs: "stream", signal: signal ?? null } as const;
  const { error, response, data } = await client.POST("/api/chat/stream", options);
  if (!response.ok) throw new LecternError(response.status, error);
  for await (const { data: text } of streamEventsOf(toBody(data))) {
    const event = JSON.parse(text) as AgUiEvent;
    yield event;
    if (event.type === "RUN_FINISHED" || event.type === "RUN_ERROR") return;
  }
  signal?.throwIfAborted();
  throw new StreamInterruptedError("The connection ended before the answer did");
}

/** The passages that an event of an answer brings; undefined for other events. */
export function referencesOf(event: AgUiEvent): Citation[] | undefined {
  if (event.type !== "CUSTOM" || event.name !== "knowledge_references") return undefined;
  return (event.value as { references: Citation[] }).references;
}

type FeedQuery = NonNullable<operations["followEvents"]["parameters"]["query"]>;
type FeedOptions = StreamOptions & {
  query?: FeedQuery;
  /** Milliseconds before a new connection; default 2 000. */
  reconnectMs?: number;
};

/**
 * Yields new processing events without an end. It reconnects when the connection ends, and continues
 * after the last event, so no event is missing or repeated.
 *
 * @throws LecternError if the server refuses; TypeError if the first connection fails; the reason of the
 *   signal
 */
export async function* followEvents(
  client: LecternClient,
  { signal, query = {}, reconnectMs = 2_000 }: FeedOptions = {},
): AsyncGenerator<ProcessingEvent> {
  let last: string | undefined;
  let wasConnected = false;
  for (;;) {
    try {
      const { body, after } = await openFeed(client, query, last, signal);
      wasConnected = true;
      last ??= after;
      for await (const { id, event, data } of streamEventsOf(body)) {
        if (event === "end") break;
        last = id ?? last;
        yield JSON.parse(data) as ProcessingEvent;
      }
    } catch (error) {
      if (!wasConnected || !canReconnect(error)) throw error;
    }
    signal?.throwIfAborted();
    await pause(reconnectMs, signal);
    signal?.throwIfAborted();
  }
}

async function openFeed(
  client: LecternClient,
  query: FeedQuery,
  last: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ body: ReadableStream<Uint8Array>; after: string | undefined }> {
  const headers = last === undefined ? {} : { "last-event-id": last };
  const options = {
    params: { query },
    headers,
    parseAs: "stream",
    signal: signal ?? null,
  } as const;
  const { error, response, data } = await client.GET("/api/events", options);
  if (!response.ok) throw new LecternError(response.status, error);
  // The connection can break before the first event.
  return { body: toBody(data), after: response.headers.get("last-event-id") ?? undefined };
}

/** `fetch` reports a lost network as a TypeError. */
const canReconnect = (error: unknown) =>
  error instanceof StreamInterruptedError ||
  error instanceof TypeError ||
  (error instanceof LecternError && error.status >= 500);

/** A response of zero bytes has no body. */
const toBody = (data: unknown) => (data ?? new Blob([]).stream()) as ReadableStream<Uint8Array>;

type StreamEvent = { id?: string | undefined; event?: string | undefined; data: string };

/**
 * Reads server-sent events from the body of a response. Leaving the loop cancels the body.
 *
 * @throws StreamInterruptedError if the body breaks off; the reason of an aborted request
 */
export async function* streamEventsOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<StreamEvent> {
  const events: StreamEvent[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(interrupted);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* events.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function interrupted(cause: unknown): never {
  if (cause instanceof Error && cause.name === "AbortError") throw cause;
  throw new StreamInterruptedError("The connection broke", { cause });
}
