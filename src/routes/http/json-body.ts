import { AppError } from "../../errors";
import { JsonScanner } from "../../text/json-scanner";
import { credentialEnd } from "./auth";

export type BodyLimits = {
  maxBytes: number;
  /** From the first read to the last byte, in milliseconds. */
  timeoutMs: number;
};
export type JsonLimits = BodyLimits & { maxValues: number };

/**
 * Our largest own body has 2 000 values. 10 000 wrong values cost the schema up to 80 ms, because it
 * describes each of them; 100 000 would block all other requests for 0.8 s.
 */
export const SMALL_BODY: JsonLimits = { maxBytes: 1_000_000, maxValues: 10_000, timeoutMs: 30_000 };
/** 16 MB over a slow mobile network, 1 Mbit/s, take 134 s. */
export const LARGE_BODY: BodyLimits = { maxBytes: 16 * 1024 * 1024, timeoutMs: 180_000 };
/** Enough for a long conversation with a few images. */
const CONVERSATION: JsonLimits = { ...LARGE_BODY, maxValues: 100_000 };
/** Other requests get their turn after this time of scanning. */
const TURN_MS = 8;
/** Bytes to scan between two looks at the clock. */
const SLICE_BYTES = 256 * 1024;

/**
 * Reads a JSON body. Routes set it as `parse`, because Elysia's own parser has no limits and treats a
 * wrong content type like a missing body.
 *
 * @throws AppError `content_type_invalid`, `body_too_large`, `body_too_slow`, `body_too_complex`, `body_malformed`,
 *   `request_invalid` for NUL characters, duplicate keys and deep nesting
 */
export const jsonBody: JsonParser = [({ request }) => readJson(request, SMALL_BODY), "json"];

/** The same for routes with an optional body: a missing body is an empty object. */
export const optionalJsonBody: JsonParser = [
  async ({ request }) => (request.body ? readJson(request, SMALL_BODY) : {}),
  "json",
];

/** The same for conversations, which clients send with all their messages. */
export const conversationBody: JsonParser = [
  ({ request }) => readJson(request, CONVERSATION),
  "json",
];

/** The second parser never runs: its name gives the content type in the OpenAPI document. */
type JsonParser = [(context: { request: Request }) => Promise<unknown>, "json"];

async function readJson(request: Request, limits: JsonLimits): Promise<unknown> {
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^application\/(json|[\w.-]+\+json)\s*(;|$)/i.test(contentType)) {
    throw new AppError("content_type_invalid", { expected: "application/json" });
  }
  const bytes = await readJsonBytes(request, limits);
  // Each of these steps takes 20 ms for 16 MB, so other requests run between them.
  const isLarge = bytes.length > SMALL_BODY.maxBytes;
  if (isLarge) await Bun.sleep(0);
  const text = decode(bytes);
  if (isLarge) await Bun.sleep(0);
  const body = parse(text);
  return /\\u(?:0000|[dD])/.test(text) ? toStorableBody(body) : body;
}

/**
 * Reads the bytes of a JSON document and checks its size and shape while they arrive. The result can
 * still be malformed.
 *
 * @throws AppError `body_too_large`, `body_too_slow`, `body_too_complex`, `request_invalid`
 */
export async function readJsonBytes(
  request: Request,
  limits: JsonLimits,
): Promise<Buffer<ArrayBuffer>> {
  const scanner = new JsonScanner(limits.maxValues);
  let since = performance.now();
  return await readBytes(request, limits, async (chunk) => {
    for (let start = 0; start < chunk.length; start += SLICE_BYTES) {
      scanner.scan(chunk.subarray(start, start + SLICE_BYTES));
      if (performance.now() - since < TURN_MS) continue;
      await Bun.sleep(0);
      since = performance.now();
    }
  });
}

/**
 * @throws AppError `body_too_large`, `body_too_slow`, `unauthenticated` when the key is revoked; errors of
 *   `check`
 */
export async function readBytes(
  request: Request,
  { maxBytes, timeoutMs }: BodyLimits,
  check: (chunk: Uint8Array) => Promise<void> = async () => {},
): Promise<Buffer<ArrayBuffer>> {
  const tooLarge = () => new AppError("body_too_large", { max_bytes: maxBytes });
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of untilEnd(request, timeoutMs)) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge();
    await check(chunk);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body of a request. A slow body ends at its time limit, and when the key of its sender is revoked. */
async function* untilEnd(request: Request, timeoutMs: number): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader();
  if (!reader) return;
  const limit = new AbortController();
  const tooSlow = new AppError("body_too_slow", { limit_s: timeoutMs / 1_000 });
  const timer = setTimeout(() => limit.abort(tooSlow), timeoutMs);
  const ended = AbortSignal.any([credentialEnd(request), limit.signal]);
  const stop = () => void reader.cancel().catch(() => {});
  ended.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    clearTimeout(timer);
    ended.removeEventListener("abort", stop);
    stop();
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * JSON is UTF-8. Other bytes would become U+FFFD, and wrong letters would be stored. A byte order mark, which
 * programs on Windows write, is removed.
 *
 * @throws AppError `body_malformed`
 */
function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new AppError("body_malformed", { expected: "JSON in UTF-8" }, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("body_malformed", { expected: "JSON" }, { cause });
  }
}

/**
 * PostgreSQL stores neither NUL nor lone surrogates. NUL is refused; a lone surrogate, which is left of a
 * text that was cut inside a character, becomes U+FFFD. The scanner has limited the depth.
 */
function toStorableBody(value: unknown, path: string[] = []): unknown {
  if (typeof value === "string") {
    if (value.includes("\0")) throw nulIn(path);
    return value.toWellFormed();
  }
  if (typeof value !== "object" || value === null) return value;
  const inner = (key: string, one: unknown) => {
    path.push(key);
    const storable = toStorableBody(one, path);
    path.pop();
    return storable;
  };
  if (Array.isArray(value)) return value.map((one, index) => inner(String(index), one));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      if (key.includes("\0")) throw nulIn(path);
      return [key.toWellFormed(), inner(key, one)];
    }),
  );
}

const nulIn = (path: string[]) =>
  new AppError("request_invalid", {
    fields: [{ path: path.join("."), message: "contains a NUL character" }],
  });
