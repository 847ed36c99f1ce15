import { z } from "zod";
import type { StoredVersion } from "../../db/document-versions";
import { AppError } from "../../errors";
import type { ByteRange, FileStorage } from "../../storage/files";
import { matchesEtag } from "../http/matches-etag";

/** Request headers that `serveDocument` reads, for the OpenAPI document. */
export const FileHeaders = z.object({
  range: z.string().optional().describe("One range of bytes, such as `bytes=0-1023`"),
  "if-none-match": z.string().optional().describe("The ETag of the file that the caller has"),
});

const ETAG = { etag: { description: "Identifies the bytes", schema: { type: "string" as const } } };
const PDF = {
  headers: ETAG,
  content: {
    "application/pdf": { schema: { type: "string" as const, format: "binary" as const } },
  },
};
/** Responses of `serveDocument`, for the OpenAPI document. */
export const FILE_RESPONSES = {
  200: { description: "The whole PDF", ...PDF },
  206: { description: "The requested range", ...PDF },
  304: { description: "The caller has this file", headers: ETAG },
};

/**
 * Returns a stored PDF: the whole file, a single range, or 304 if the caller has the same version. A
 * request for several ranges gets the whole file, as RFC 9110 §14.2 allows.
 *
 * @throws AppError `document_file_missing`, `range_not_satisfiable`
 */
export async function serveDocument(
  storage: FileStorage,
  version: Pick<StoredVersion, "file_id" | "filename" | "sha256">,
  request: Request,
): Promise<Response> {
  const etag = `"${version.sha256}"`;
  const headers = new Headers({
    "content-type": "application/pdf",
    "content-disposition": disposition(version.filename),
    "cache-control": "private, no-cache",
    "accept-ranges": "bytes",
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    etag,
  });
  if (matchesEtag(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }

  const file = await storage.open(version.file_id);
  // RFC 9110 §14.2 defines ranges for GET only.
  const isHead = request.method === "HEAD";
  const range = isHead ? undefined : wantedRange(request, etag, file.size_bytes);
  if (range === "unsatisfiable") {
    throw new AppError("range_not_satisfiable", { size_bytes: file.size_bytes });
  }
  const { start, end } = range ?? { start: 0, end: file.size_bytes };
  headers.set("content-length", String(end - start));
  if (range) headers.set("content-range", `bytes ${start}-${end - 1}/${file.size_bytes}`);
  const body = isHead ? null : file.stream(range);
  return new Response(body, { status: range ? 206 : 200, headers });
}

function wantedRange(
  request: Request,
  etag: string,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const ifRange = request.headers.get("if-range");
  const spec = /^bytes=(\d*)-(\d*)$/i.exec(request.headers.get("range")?.trim() ?? "");
  if (!spec || (ifRange !== null && ifRange !== etag)) return undefined;
  const [, first, last] = spec;
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? "unsatisfiable" : { start: size - suffix, end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  if (start >= size) return "unsatisfiable";
  // An end before its start makes the header invalid, and an invalid header is ignored.
  return end > start ? { start, end } : undefined;
}

/** RFC 6266: an ASCII name for old clients, the full name for others. */
function disposition(shownName: string): string {
  const filename = shownName.replace(/^.*\//, ""); // without the folders of a folder upload
  const plain = filename.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `inline; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
