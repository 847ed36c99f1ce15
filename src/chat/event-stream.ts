import type { AGUIEvent, BaseEvent } from "@ag-ui/core";
import { AGUI_MEDIA_TYPE, EventEncoder } from "@ag-ui/encoder";

/** How often silence is looked for: no stream is silent for more than twice this long. */
const HEARTBEAT_MS = 5_000;

const text = new TextEncoder();
const HEARTBEAT = text.encode(": still here\n\n");

/**
 * Sends AG-UI events as server-sent events, or in AG-UI's binary form to those who ask for it by name.
 *
 * Events are read as fast as the reader takes them, and those that wait together leave together.
 *
 * @param onGone called once when the reader left before the end
 */
export function toEventStream(
  events: AsyncGenerator<AGUIEvent[]>,
  { accept, onGone }: { accept: string | null; onGone: () => void },
): Response {
  const isBinary = accept?.includes(AGUI_MEDIA_TYPE) ?? false;
  const encode = isBinary ? toBinary() : toText;
  let lastSent = performance.now();
  let heartbeat: ReturnType<typeof setInterval> | undefined;

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // The binary form has no comments.
      if (isBinary) return;
      heartbeat = setInterval(() => {
        if (performance.now() - lastSent < HEARTBEAT_MS) return;
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(HEARTBEAT);
      }, HEARTBEAT_MS);
    },
    async pull(controller) {
      const { done, value } = await events.next();
      // The timer must not outlive the stream: writing to a closed one throws.
      if (done) {
        clearInterval(heartbeat);
        controller.close();
      } else {
        lastSent = performance.now();
        controller.enqueue(encode(value));
      }
    },
    async cancel() {
      clearInterval(heartbeat);
      onGone();
      await events.return(undefined);
    },
  });
  return new Response(body, {
    headers: {
      "content-type": isBinary ? AGUI_MEDIA_TYPE : "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    },
  });
}

const toText = (events: AGUIEvent[]): Uint8Array =>
  text.encode(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));

function toBinary(): (events: AGUIEvent[]) => Uint8Array {
  const encoder = new EventEncoder({ accept: AGUI_MEDIA_TYPE });
  return (events) => Buffer.concat(events.map((event) => encoder.encodeBinary(event as BaseEvent)));
}
