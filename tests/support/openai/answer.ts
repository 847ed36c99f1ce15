import { untilRead } from "../waiting";
import type { Fault, Frame } from "./script";

const EVENT_STREAM = { "content-type": "text/event-stream; charset=utf-8" };

/** An answer in one piece. Of the faults in mid-stream only the stall makes sense here. */
export async function wholeAnswer(body: unknown, fault: Fault | undefined, gone: AbortSignal) {
  if (!fault) return Response.json(body);
  switch (fault.kind) {
    case "status":
      return errorResponse(fault);
    case "empty":
      return new Response("", { headers: { "content-type": "application/json" } });
    case "garbage":
      return new Response("<html>Bad gateway</html>");
    case "stall":
      await new Promise((resolve) => gone.addEventListener("abort", resolve));
      return new Response(null, { status: 499 });
    default:
      throw new Error(`${fault.kind} is a fault of streams`);
  }
}

type StreamOptions = {
  fault: Fault | undefined;
  /** Pause before each token; 0 sends as fast as the client reads. */
  paceMs: number;
  /** Called once, with whether the client went away before the end. */
  onEnd: (aborted: boolean) => void;
};

/** Sends frames one by one as the client reads them, until the fault strikes. */
export function streamedAnswer(frames: Iterator<Frame>, options: StreamOptions): Response {
  const { fault, paceMs, onEnd } = options;
  const headers = EVENT_STREAM;
  if (fault && !("afterTokens" in fault)) {
    onEnd(false);
    if (fault.kind === "status") return errorResponse(fault);
    return new Response(fault.kind === "empty" ? "" : "data: {not json\n\n", { headers });
  }

  const stalled = Promise.withResolvers<void>();
  let tokens = 0;
  let ended = false;
  const end = (aborted: boolean) => {
    ended = true;
    stalled.resolve();
    onEnd(aborted);
  };

  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value: frame, done } = frames.next();
      if (!done && frame.token && tokens++ === fault?.afterTokens) {
        if (fault.kind === "stall") return stalled.promise;
        if (fault.kind !== "pause") {
          end(false);
          return breakOff(fault, controller);
        }
        await Promise.race([fault.until, stalled.promise]);
      }
      if (done) {
        end(false);
        return controller.close();
      }
      if (frame.token && paceMs > 0) await Bun.sleep(paceMs);
      if (!ended) controller.enqueue(toBytes(frame));
    },
    cancel: () => end(true),
  });
  return new Response(stream, { headers });
}

function errorResponse({ status, code, retryAfterSeconds }: Extract<Fault, { kind: "status" }>) {
  const message = `The test server answers ${status}`;
  const error = { message, type: code ?? "test_fault", param: null, code: code ?? null };
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": `${retryAfterSeconds}` };
  return Response.json({ error }, { status, headers });
}

async function breakOff(
  { kind }: Extract<Fault, { afterTokens: number }>,
  controller: ReadableStreamDefaultController<Uint8Array>,
): Promise<void> {
  if (kind === "cut") {
    await untilRead(); // what was said so far must have been heard before the connection breaks
    return controller.error(); // with an Error, Bun would print it
  }
  if (kind === "error_event") {
    const error = { message: "The model failed", type: "server_error", code: "server_error" };
    const data = { type: "error", sequence_number: 99, error };
    controller.enqueue(toBytes({ event: "error", data }));
  }
  controller.close();
}

function toBytes({ event, data }: Frame): Uint8Array {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return new TextEncoder().encode(`${event ? `event: ${event}\n` : ""}data: ${text}\n\n`);
}
