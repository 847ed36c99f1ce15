/** How often silence is looked for: no stream is silent for more than twice this long. */
const HEARTBEAT_MS = 5_000;

const text = new TextEncoder();
/** A comment, which readers of server-sent events skip. */
const HEARTBEAT = text.encode(": still here\n\n");

type Form<T> = {
  contentType: string;
  encode: (batch: T) => Uint8Array;
  /** Forms without comments stay silent as long as there is nothing to say. */
  heartbeat: Uint8Array | undefined;
  /** Called once when the reader left before the end. */
  onGone: () => void;
};

/** The form of server-sent events: batches of what goes into one event's data each. */
export const EVENT_STREAM = {
  contentType: "text/event-stream; charset=utf-8",
  encode: (batch: string[]): Uint8Array =>
    text.encode(batch.map((data) => `data: ${data}\n\n`).join("")),
  heartbeat: HEARTBEAT,
};

/**
 * Sends what is made bit by bit, as fast as the reader takes it; what waits together leaves together.
 */
export function toLiveResponse<T>(
  batches: AsyncGenerator<T>,
  { contentType, encode, heartbeat, onGone }: Form<T>,
): Response {
  let lastSent = performance.now();
  let timer: ReturnType<typeof setInterval> | undefined;

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (!heartbeat) return;
      timer = setInterval(() => {
        if (performance.now() - lastSent < HEARTBEAT_MS) return;
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(heartbeat);
      }, HEARTBEAT_MS);
    },
    async pull(controller) {
      let bytes: Uint8Array | undefined;
      try {
        bytes = await nextBytes(batches, encode);
      } finally {
        // The timer must not outlive the stream, however that ends: writing to a closed one throws.
        if (!bytes) clearInterval(timer);
      }
      if (!bytes) return controller.close();
      lastSent = performance.now();
      controller.enqueue(bytes);
    },
    async cancel() {
      clearInterval(timer);
      onGone();
      await batches.return(undefined);
    },
  });
  return new Response(body, {
    headers: {
      "content-type": contentType,
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    },
  });
}

/** Undefined at the end. A batch of which a form has nothing to say must not look like that. */
async function nextBytes<T>(
  batches: AsyncGenerator<T>,
  encode: Form<T>["encode"],
): Promise<Uint8Array | undefined> {
  for (;;) {
    const { done, value } = await batches.next();
    if (done) return undefined;
    const bytes = encode(value);
    if (bytes.length > 0) return bytes;
  }
}
