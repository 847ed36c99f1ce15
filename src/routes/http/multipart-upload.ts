import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import type { z } from "zod";
import { AppError, toFieldProblems } from "../../errors";
import { asStorageFailure } from "../../storage/failure";
import { stagedFileName } from "../../storage/staging";
import { requestEnd } from "./auth";

export type ReceivedFile = {
  path: string;
  /** The client's name for the file, safe to show and to put into a header; never used as a path. */
  filename: string;
  size_bytes: number;
  sha256: string;
};

/** The end of the `await using` block removes the file, unless it was moved. */
export type Upload<Fields> = AsyncDisposable & { fields: Fields; file: ReceivedFile };

export type UploadRules<Fields extends z.ZodType> = {
  fields: Fields;
  /** Largest file, without the other fields. */
  maxBytes: number;
  /** Folder of the file; its name there is random. */
  directory: string;
};

/** Room for boundaries, part headers and the small fields beside the file. */
const ENVELOPE_BYTES = 256 * 1024;
const LIMITS = { files: 1, fields: 20, fieldSize: 16 * 1024, parts: 24, headerPairs: 50 };

/**
 * Receives a `multipart/form-data` request with one part `file` and some small fields, in any order.
 *
 * The file is streamed to disk, hashed and counted on the way, and flushed at the end. The client is
 * slowed to the speed of the disk, so memory does not grow with the file. After any failure, also if
 * the client disconnects or its key is revoked, the file is removed.
 *
 * @throws AppError `content_type_invalid`, `body_malformed`, `body_too_large`, `request_invalid`
 * with the names of the fields, `storage_full`, `storage_unavailable`, `unauthenticated` when the key is revoked during the upload
 */
export async function receiveUpload<Fields extends z.ZodType>(
  request: Request,
  rules: UploadRules<Fields>,
): Promise<Upload<z.output<Fields>>> {
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    throw new AppError("content_type_invalid", { expected: "multipart/form-data" });
  }
  const maxBodyBytes = rules.maxBytes + ENVELOPE_BYTES;
  if (Number(request.headers.get("content-length")) > maxBodyBytes) throw tooLarge(rules.maxBytes);

  const path = join(rules.directory, stagedFileName());
  // A failure here must not hide the cause of a refusal, nor refuse an upload that is stored. The sweep
  // of the folder removes the rest.
  const removeFile = () => rm(path, { force: true }).catch(() => {});
  try {
    const parts = await receiveParts(request, contentType, { ...rules, maxBodyBytes, path });
    if (!parts.file) throw invalid("file", "a file is required");
    const fields = parseFields(rules.fields, parts.fields);
    return { fields, file: parts.file, [Symbol.asyncDispose]: removeFile };
  } catch (error) {
    await removeFile();
    throw error;
  }
}

type ReceivedParts = { fields: Map<string, string>; file?: ReceivedFile };
type UploadDestination = {
  path: string;
  maxBytes: number;
  maxBodyBytes: number;
};

async function receiveParts(
  request: Request,
  contentType: string,
  { path, maxBytes, maxBodyBytes }: UploadDestination,
): Promise<ReceivedParts> {
  const parts: ReceivedParts = { fields: new Map() };
  const refusal = new AbortController();
  const stop = AbortSignal.any([requestEnd(request), refusal.signal]);
  let incoming: Readable | undefined;
  let saving: Promise<void> | undefined;

  try {
    const busboy = openParser(contentType);
    refuseUnexpectedParts(busboy, parts.fields, (error) => refusal.abort(error));
    busboy.on("file", (name, stream, filename) => {
      if (name !== "file") refusal.abort(invalid(name, "files are taken in the field `file` only"));
      incoming = stream;
      // Reading starts when the file is open; an error before that without a listener ends the process.
      stream.on("error", (error) => stream.destroy(error));
      saving = save(stream, path, maxBytes).then((saved) => {
        parts.file = { ...saved, filename: safeFilename(filename) };
      });
      saving.catch((error) => refusal.abort(toUploadError(error)));
    });
    const body = request.body ?? new Blob().stream();
    const refuse = () => refusal.abort(tooLarge(maxBytes));
    const limited = body.pipeThrough(limitedTo(maxBodyBytes, refuse), { signal: stop });
    await pipeline(limited, busboy, { signal: stop });
    await saving;
    stop.throwIfAborted();
    return parts;
  } catch (error) {
    incoming?.destroy(); // busboy leaves the stream open
    await saving?.catch(() => {}); // close the file before it is removed
    throw stop.aborted ? stop.reason : toUploadError(error);
  }
}

function openParser(contentType: string): BusboyInstance {
  return new Busboy({ headers: { "content-type": contentType }, limits: LIMITS });
}

function refuseUnexpectedParts(
  busboy: BusboyInstance,
  fields: Map<string, string>,
  refuse: (error: AppError) => void,
): void {
  busboy.on("field", (name, value, _nameTruncated, valueTruncated) => {
    if (valueTruncated) refuse(invalid(name, `longer than ${LIMITS.fieldSize} bytes`));
    if (value.includes("\0")) refuse(invalid(name, "contains a NUL character"));
    if (fields.has(name)) refuse(invalid(name, "given more than once"));
    fields.set(name, value);
  });
  busboy.once("filesLimit", () => refuse(invalid("file", "one file at a time")));
  busboy.once("fieldsLimit", () => refuse(invalid("", `more than ${LIMITS.fields} fields`)));
  busboy.once("partsLimit", () => refuse(invalid("", `more than ${LIMITS.parts} parts`)));
}

/**
 * Stops the body as soon as it is longer than any valid request. The pipeline reports an error thrown
 * here as "premature close", so the reason is passed through `refuse`.
 */
function limitedTo(
  maxBodyBytes: number,
  refuse: () => void,
): TransformStream<Uint8Array, Uint8Array> {
  let received = 0;
  return new TransformStream({
    transform(chunk, controller) {
      received += chunk.byteLength;
      if (received > maxBodyBytes) refuse();
      else controller.enqueue(chunk);
    },
  });
}

async function save(
  stream: Readable,
  path: string,
  maxBytes: number,
): Promise<Omit<ReceivedFile, "filename">> {
  const hash = new Bun.CryptoHasher("sha256");
  const file = await asStorageFailure(open(path, "wx"));
  let size_bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size_bytes += chunk.byteLength;
      if (size_bytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(chunk);
      await asStorageFailure(file.writeFile(chunk));
    }
    await asStorageFailure(file.sync());
  } finally {
    await asStorageFailure(file.close());
  }
  return { path, size_bytes, sha256: hash.digest("hex") };
}

function parseFields<Fields extends z.ZodType>(
  schema: Fields,
  fields: Map<string, string>,
): z.output<Fields> {
  const result = schema.safeParse(Object.fromEntries(fields));
  if (result.success) return result.data;
  throw new AppError("request_invalid", { fields: toFieldProblems(result.error) });
}

/** Characters that end a header, separate a path, or reverse the reading direction. */
const UNSAFE_IN_FILENAME = /[\p{Cc}\p{Cf}\p{Cs}"\\/:*?<>|]+/gu;
const MAX_FILENAME_CHARACTERS = 200;

function safeFilename(filename: string | undefined): string {
  const safe = (filename ?? "").normalize("NFC").replace(UNSAFE_IN_FILENAME, " ").trim();
  return [...safe].slice(-MAX_FILENAME_CHARACTERS).join("") || "file"; // keep the end: it has the extension
}

function invalid(path: string, message: string): AppError {
  return new AppError("request_invalid", { fields: [{ path, message }] });
}

function tooLarge(max_bytes: number): AppError {
  return new AppError("body_too_large", { max_bytes });
}

/** Our errors and disconnects are known; every other error is from the parser. */
function toUploadError(error: unknown): unknown {
  if (error instanceof AppError || error instanceof DOMException) return error;
  const { message } = error as Error;
  return new AppError("body_malformed", { reason: message }, { cause: error });
}
