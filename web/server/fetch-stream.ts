/** The server sends something every 5 seconds. A longer silence is a connection that died without an end. */
const MAX_SILENCE_MS = 15_000;

/**
 * As `fetch`, for event streams: a silent connection fails with a TypeError, as a broken one. Networks that change
 * or sleep end no connection, and the browser waits for minutes.
 */
export async function fetchStream(
  address: Request | string,
  init: RequestInit = {},
): Promise<Response> {
  const silence = new AbortController();
  const given = init.signal ?? (address instanceof Request ? address.signal : undefined);
  const signal = given ? AbortSignal.any([given, silence.signal]) : silence.signal;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => silence.abort(new TypeError("The connection is silent")),
      MAX_SILENCE_MS,
    );
  };
  const stop = () => clearTimeout(timer);
  given?.addEventListener("abort", stop, { once: true });
  wait();
  try {
    const response = await fetch(address, { ...init, signal });
    if (!response.body) {
      stop();
      return response;
    }
    const watch = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, out) {
        wait();
        out.enqueue(bytes);
      },
      flush: stop,
    });
    return new Response(response.body.pipeThrough(watch), response);
  } catch (error) {
    stop();
    throw error;
  }
}
