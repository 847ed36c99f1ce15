/** Interval of the silence check: no stream is silent for more than twice this long. */
const HEARTBEAT_MS = 5_000;

/**
 * A chunk costs its sender and its reader more than the text in it, so a paced stream has no more than one in this time on
 * average. A model with 50 tokens a second is slower. The first 32 chunks follow each other at once: tool calls, and the
 * start of an answer.
 */
const CHUNK_MS = 16;
const BURST_MS = 32 * CHUNK_MS;
/** More streams than this share the chunks that this many send; each still sends 20 in a second. */
const MOST_AT_FULL_PACE = 128;
const CROWD_CHUNK_MS = 50;

const chunkMs = () =>
  Math.min(CROWD_CHUNK_MS, CHUNK_MS * Math.max(1, openStreams / MOST_AT_FULL_PACE));

const text = new TextEncoder();
/** A comment, which readers of server-sent events skip. */
const HEARTBEAT = text.encode(": still here\n\n");

export type StreamFormat<T> = {
  contentType: string;
  /** Zero bytes: the batch has nothing to send. */
  encode: (batch: T) => Uint8Array;
  /** One chunk in `chunkMs` on average: for sources whose batches grow while the stream waits. */
  isPaced?: boolean;
  /** The bytes that a silent stream sends, undefined if it cannot send any now. Absent: it stays silent. */
  heartbeat?: () => Uint8Array | undefined;
};

/** A server-sent event; a plain string is an event with data only. `data` must be a single line. */
export type SseEvent = string | { data?: string; id?: number; event?: string; retry_ms?: number };

function toFrame(event: SseEvent): string {
  if (typeof event === "string") return `data: ${event}\n\n`;
  let frame = "";
  if (event.retry_ms !== undefined) frame += `retry: ${event.retry_ms}\n`;
  if (event.event !== undefined) frame += `event: ${event.event}\n`;
  if (event.id !== undefined) frame += `id: ${event.id}\n`;
  if (event.data !== undefined) frame += `data: ${event.data}\n`;
  return `${frame}\n`;
}

/** Server-sent events. */
export const EVENT_STREAM = {
  contentType: "text/event-stream; charset=utf-8",
  encode: (batch: SseEvent[]): Uint8Array => text.encode(batch.map(toFrame).join("")),
  isPaced: true,
  heartbeat: () => HEARTBEAT,
};

/** A JSON document in pieces of text. */
export const JSON_PIECES = {
  contentType: "application/json",
  encode: (piece: string): Uint8Array => text.encode(piece),
};

/**
 * Streams batches to the reader as fast as the reader takes them, or paced. Each batch is one chunk. A silent
 * stream gets heartbeats, unless the reader has not taken the last chunk yet.
 *
 * @param onGone called once if the reader leaves before the end
 */
export function toStreamingResponse<T>(
  batches: AsyncGenerator<T>,
  {
    contentType,
    encode,
    isPaced = false,
    heartbeat,
    onGone,
  }: StreamFormat<T> & { onGone: () => void },
): Response {
  let lastSentAt = performance.now();
  /** When the sent chunks would be sent at one in `chunkMs`. */
  let pacedUntil = lastSentAt;
  const ended = Promise.withResolvers<void>();
  openStreams += 1;
  void ended.promise.then(() => {
    openStreams -= 1;
  });
  let timer: ReturnType<typeof setInterval> | undefined;

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (!heartbeat) return;
      timer = setInterval(() => {
        if (performance.now() - lastSentAt < HEARTBEAT_MS) return;
        const bytes = (controller.desiredSize ?? 0) > 0 ? heartbeat() : undefined;
        if (bytes) controller.enqueue(bytes);
      }, HEARTBEAT_MS);
    },
    async pull(controller) {
      let bytes: Uint8Array | undefined;
      const earlyMs = pacedUntil - BURST_MS - performance.now();
      if (isPaced && earlyMs > 0) await Bun.sleep(earlyMs);
      try {
        // Skips batches of zero bytes, because those would look like the end.
        while (bytes === undefined || bytes.length === 0) {
          const { done, value } = await batches.next();
          if (done) {
            bytes = undefined;
            break;
          }
          bytes = encode(value);
        }
      } finally {
        // Stop the timer at every end of the stream, because writing to a closed stream throws.
        if (!bytes) {
          clearInterval(timer);
          ended.resolve();
        }
      }
      if (!bytes) return controller.close();
      lastSentAt = performance.now();
      pacedUntil = Math.max(pacedUntil, lastSentAt) + chunkMs();
      controller.enqueue(bytes);
    },
    async cancel() {
      clearInterval(timer);
      ended.resolve();
      onGone();
      await batches.return(undefined);
    },
  });
  const response = new Response(body, {
    headers: {
      "content-type": contentType,
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    },
  });
  ENDS.set(response, ended.promise);
  return response;
}

let openStreams = 0;

/** The streamed responses that are being sent. */
export const countOpenStreams = (): number => openStreams;

const ENDS = new WeakMap<Response, Promise<void>>();

/** Calls `onEnd` when the stream of a response ends for any reason; false if it has no such stream. */
export function onStreamEnd(response: Response, onEnd: () => void): boolean {
  const end = ENDS.get(response);
  void end?.then(onEnd);
  return end !== undefined;
}
