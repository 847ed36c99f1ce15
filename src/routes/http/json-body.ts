import { AppError } from "../../errors";
import { mendHalves } from "../../text/storable-json";

/** Enough for a long conversation with a few images. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 64;

/**
 * Reads a JSON body. Routes set it as `parse`, because Elysia's own parser has no limits and treats a
 * wrong content type like a missing body.
 *
 * @throws AppError `content_type_invalid`, `body_too_large`, `body_malformed`, `request_invalid`
 */
export const jsonBody: JsonParser = [readJson, "json"];

/** The same for routes with an optional body: a missing body is an empty object. */
export const optionalJsonBody: JsonParser = [
  async (context) => (context.request.body ? readJson(context) : {}),
  "json",
];

/** The second parser never runs: its name gives the content type in the OpenAPI document. */
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

/** PostgreSQL cannot store NUL, and no real body has 64 levels of brackets. */
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
