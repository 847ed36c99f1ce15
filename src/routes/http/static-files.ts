import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { weightOf } from "./accept";
import { matchesEtag } from "./matches-etag";

/** A file in memory, with its compressed form if that is smaller. */
export type StaticFile = {
  bytes: Uint8Array<ArrayBuffer>;
  gzip: Uint8Array<ArrayBuffer> | null;
  type: string;
  etag: string;
};

/** @throws Error if there is no such file */
export async function readStaticFile(path: string): Promise<StaticFile> {
  const file = Bun.file(path);
  const bytes = await file.bytes();
  const zipped = new Uint8Array(await promisify(gzip)(bytes));
  return {
    bytes,
    gzip: zipped.byteLength < 0.9 * bytes.byteLength ? zipped : null,
    type: file.type,
    etag: `"${createHash("sha256").update(bytes).digest("hex")}"`,
  };
}

/** Answers a request for a file: 304 if the browser has it, compressed if the browser accepts that. */
export function serveStaticFile(
  file: StaticFile,
  request: Request,
  more: { "cache-control": string; "content-security-policy": string },
): Response {
  const headers = new Headers({
    "content-type": file.type,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    vary: "accept-encoding",
    etag: file.etag,
    ...more,
  });
  if (matchesEtag(request.headers.get("if-none-match"), file.etag)) {
    return new Response(null, { status: 304, headers });
  }
  const zipped = weightOf(request.headers.get("accept-encoding"), "gzip") > 0 && file.gzip;
  if (zipped) headers.set("content-encoding", "gzip");
  return new Response(zipped || file.bytes, { headers });
}
