import { AppError } from "../../errors";
import { mendHalves } from "../../text/storable-json";

/** Room for a long conversation with a few pictures in it. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 64;

/**
 * Reads a JSON body. Named as a route's `parse`, in place of Elysia's own, which knows no limits and
 * answers a wrong content type as if the body were missing.
 *
 * @throws AppError `content_type_invalid`, `body_too_large`, `body_malformed`, `request_invalid`
 */
export const jsonBody: JsonParser = [readJson, "json"];

/** The same where a body may be left out, which means an empty object. */
export const optionalJsonBody: JsonParser = [
  async (context) => (context.request.body ? readJson(context) : {}),
  "json",
];

/** The second is never reached: it tells the OpenAPI document what the route takes. */
type JsonParser = [typeof readJson, "json"];

async function readJson({ request }: { request: Request }): Promise<unknown> {
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^application\/(json|[\w.-]+\+json)\s*(;|$)/i.test(contentType)) {
    throw new AppError("content_type_invalid", { expected: "application/json" });
  }
  return parseJson((await readBytes(request)).toString("utf8"));
}

/** @throws AppError `body_malformed`, `request_invalid` */
export function parseJson(text: string): unknown {
  const body = parse(text);
  refuseWhatCannotBeStored(body, "", 0);
  return body;
}

/** @throws AppError `body_too_large` */
export async function readBytes(request: Request): Promise<Buffer> {
  const tooLarge = () => new AppError("body_too_large", { max_bytes: MAX_BYTES });
  if (Number(request.headers.get("content-length")) > MAX_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(mendHalves(text));
  } catch (cause) {
    throw new AppError("body_malformed", { expected: "JSON" }, { cause });
  }
}

/** PostgreSQL keeps no NUL, and nobody means 64 levels of brackets. */
function refuseWhatCannotBeStored(value: unknown, path: string, depth: number): void {
  const refuse = (message: string) => {
    throw new AppError("request_invalid", { fields: [{ path, message }] });
  };
  if (typeof value === "string" && value.includes("\0")) refuse("contains a NUL character");
  if (typeof value !== "object" || value === null) return;
  if (depth >= MAX_DEPTH) refuse(`nested deeper than ${MAX_DEPTH} levels`);
  for (const [key, inner] of Object.entries(value)) {
    if (key.includes("\0")) refuse("contains a NUL character");
    refuseWhatCannotBeStored(inner, path === "" ? key : `${path}.${key}`, depth + 1);
  }
}
