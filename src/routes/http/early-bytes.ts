import { type AnyElysia, Elysia } from "elysia";

/** Proxies end an exchange that is silent for 60 s (Fly.io, nginx) or less. */
const SILENCE_MS = 15_000;

/** The routes that wait for a model before they answer with JSON. Event streams have their own heartbeats. */
const WAITING =
  /^\/(api\/(chat|search|retrieval\/query|documents\/[^/]+\/describe|courses\/[^/]+\/exam)|v1\/[^?]+)\/?$/;

/** JSON allows white space before its first character. */
const SPACE = new TextEncoder().encode(" ");

/**
 * Keeps a slow JSON response alive in proxies that end silent exchanges: after `silenceMs` the response
 * begins with status 200 and a space, and another space follows at each interval until its JSON is ready.
 *
 * A failure after the first space has the same body as before it, a problem with `status` and `code`, but
 * the status line is already 200. A response that is ready earlier is unchanged.
 *
 * @param silenceMs milliseconds
 */
export function earlyBytes(silenceMs = SILENCE_MS) {
  const headers = new WeakMap<Request, Record<string, string | number>>();
  return (app: AnyElysia) =>
    app.use(
      new Elysia({ name: "early-bytes" })
        .onRequest(({ request, set }) => {
          if (isWaiting(request)) headers.set(request, set.headers as Record<string, string>);
        })
        .wrap((handle) => (request: Request) => {
          const response = handle(request);
          if (!(response instanceof Promise) || !isWaiting(request)) return response;
          return answerInTime(response, silenceMs, () => headers.get(request) ?? {});
        }),
    );
}

const isWaiting = ({ method, url }: Request) =>
  method === "POST" && WAITING.test(URL.parse(url)?.pathname ?? "");

async function answerInTime(
  response: Promise<Response>,
  silenceMs: number,
  headers: () => Record<string, string | number>,
): Promise<Response> {
  const silence = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => silence.resolve(undefined), silenceMs);
  const ready = await Promise.race([response, silence.promise]).finally(() => clearTimeout(timer));
  if (ready) return ready;
  return new Response(afterSpaces(response, silenceMs), {
    headers: {
      ...(headers() as Record<string, string>),
      "content-type": "application/json",
      "cache-control": "no-cache, no-transform", // a proxy that compresses would hold the spaces back
      "x-accel-buffering": "no",
    },
  });
}

/** A space at once and at each interval, then the body of the response. */
function afterSpaces(response: Promise<Response>, everyMs: number): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const write = () => void writer.write(SPACE).catch(() => clearInterval(timer)); // the reader left
  const timer = setInterval(write, everyMs);
  write();
  void response
    .then(async ({ body }) => {
      clearInterval(timer);
      writer.releaseLock();
      await (body ? body.pipeTo(writable) : writable.close());
    })
    .catch((error: unknown) => writable.abort(error).catch(() => {}));
  return readable;
}
