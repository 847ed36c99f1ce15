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

/** A file of several. One that is larger than allowed is counted and hashed, and not kept. */
export type FolderFile = ReceivedFile & { isTooLarge: boolean };

/** The end of the `await using` block removes all files that were not moved. */
export type FolderUpload<Fields> = AsyncDisposable & { fields: Fields; files: FolderFile[] };

export type UploadRules<Fields extends z.ZodType> = {
  fields: Fields;
  /** Largest file, without the other fields. */
  maxBytes: number;
  /** Folder of the file; its name there is random. */
  directory: string;
};

export type FolderRules<Fields extends z.ZodType> = UploadRules<Fields> & {
  maxFiles: number;
  /** Largest sum of all files. */
  maxTotalBytes: number;
};

/** Room for the small fields beside the files. */
const ENVELOPE_BYTES = 256 * 1024;
/** Room for the boundary and the headers of one part. */
const PART_BYTES = 4 * 1024;
const MAX_FIELDS = 20;
const MAX_FIELD_BYTES = 16 * 1024;

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
  const { maxBytes, directory } = rules;
  const upload = await receiveFiles(request, rules.fields, {
    field: "file",
    maxFiles: 1,
    maxBytes,
    maxBodyBytes: maxBytes + ENVELOPE_BYTES,
    maxTotalBytes: maxBytes,
    directory,
    keepsFolders: false,
    skipsTooLarge: false,
  });
  return { ...upload, file: upload.files[0]! };
}

/**
 * Receives a `multipart/form-data` request with several parts `files` and some small fields, in any order.
 * The files are streamed to disk one after the other, as `receiveUpload` does. A file that is too large is
 * marked and does not stop the others. Names keep their folders, such as `Week 3/slides.pdf`.
 *
 * @throws AppError as `receiveUpload` does; `body_too_large` when all files together are too large
 */
export function receiveFolder<Fields extends z.ZodType>(
  request: Request,
  { fields, maxBytes, maxTotalBytes, maxFiles, directory }: FolderRules<Fields>,
): Promise<FolderUpload<z.output<Fields>>> {
  return receiveFiles(request, fields, {
    field: "files",
    maxFiles,
    maxBytes,
    maxBodyBytes: maxTotalBytes + ENVELOPE_BYTES + maxFiles * PART_BYTES,
    maxTotalBytes,
    directory,
    keepsFolders: true,
    skipsTooLarge: true,
  });
}

type FileRules = {
  /** Name of the parts with files. */
  field: string;
  maxFiles: number;
  maxBytes: number;
  maxBodyBytes: number;
  /** Named in the refusal of a longer body. */
  maxTotalBytes: number;
  directory: string;
  /** Whether the shown names contain the folders of the client's paths. */
  keepsFolders: boolean;
  /** Whether a file that is too large is left out; otherwise the request is refused. */
  skipsTooLarge: boolean;
};

async function receiveFiles<Fields extends z.ZodType>(
  request: Request,
  schema: Fields,
  rules: FileRules,
): Promise<FolderUpload<z.output<Fields>>> {
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    throw new AppError("content_type_invalid", { expected: "multipart/form-data" });
  }
  if (Number(request.headers.get("content-length")) > rules.maxBodyBytes) {
    throw tooLarge(rules.maxTotalBytes);
  }

  const paths: string[] = [];
  // A failure here must not hide the cause of a refusal, nor refuse an upload that is stored. The sweep
  // of the folder removes the rest.
  const removeFiles = async () => {
    for (const path of paths) await rm(path, { force: true }).catch(() => {});
  };
  const addPath = () => {
    const path = join(rules.directory, stagedFileName());
    paths.push(path);
    return path;
  };
  try {
    const parts = await receiveParts(request, contentType, rules, addPath);
    if (parts.files.length === 0) throw invalid(rules.field, "a file is required");
    const fields = parseFields(schema, parts.fields);
    return { fields, files: parts.files, [Symbol.asyncDispose]: removeFiles };
  } catch (error) {
    await removeFiles();
    throw error;
  }
}

type ReceivedParts = { fields: Map<string, string>; files: FolderFile[] };

/** @param addPath  chooses the path of the next file, and records it for its removal */
async function receiveParts(
  request: Request,
  contentType: string,
  rules: FileRules,
  addPath: () => string,
): Promise<ReceivedParts> {
  const parts: ReceivedParts = { fields: new Map(), files: [] };
  const refusal = new AbortController();
  const stop = AbortSignal.any([requestEnd(request), refusal.signal]);
  const incoming: Readable[] = [];
  let saving: Promise<void> = Promise.resolve();

  try {
    const busboy = openParser(contentType, rules);
    refuseUnexpectedParts(busboy, parts.fields, rules, (error) => refusal.abort(error));
    busboy.on("file", (name, stream, filename) => {
      if (name !== rules.field) {
        refusal.abort(invalid(name, `files are taken in the field \`${rules.field}\` only`));
      }
      incoming.push(stream);
      // Reading starts when the file is open; an error before that without a listener ends the process.
      stream.on("error", (error) => stream.destroy(error));
      // One after the other: the parser waits until the former file is on the disk.
      saving = saving.then(async () => {
        const saved = await save(stream, addPath(), rules);
        parts.files.push({ ...saved, filename: safeFilename(filename, rules.keepsFolders) });
      });
      saving.catch((error) => refusal.abort(toUploadError(error)));
    });
    const body = request.body ?? new Blob().stream();
    const refuse = () => refusal.abort(tooLarge(rules.maxTotalBytes));
    const limited = body.pipeThrough(limitedTo(rules.maxBodyBytes, refuse), { signal: stop });
    await pipeline(limited, busboy, { signal: stop });
    await saving;
    stop.throwIfAborted();
    return parts;
  } catch (error) {
    for (const stream of incoming) stream.destroy(); // busboy leaves the streams open
    await saving.catch(() => {}); // close the files before they are removed
    throw stop.aborted ? stop.reason : toUploadError(error);
  }
}

function openParser(
  contentType: string,
  { field, maxFiles, keepsFolders }: Pick<FileRules, "field" | "maxFiles" | "keepsFolders">,
): BusboyInstance {
  return new Busboy({
    headers: { "content-type": contentType },
    preservePath: keepsFolders,
    limits: {
      files: maxFiles,
      fields: MAX_FIELDS,
      fieldSize: MAX_FIELD_BYTES,
      parts: maxFiles + MAX_FIELDS + 3,
      headerPairs: 50,
    },
    // Some programs send a file with its type and without a file name.
    isPartAFile: (name, type, filename) =>
      filename !== undefined ||
      type === "application/octet-stream" ||
      (name === field && type !== "text/plain"),
  });
}

function refuseUnexpectedParts(
  busboy: BusboyInstance,
  fields: Map<string, string>,
  { field, maxFiles }: Pick<FileRules, "field" | "maxFiles">,
  refuse: (error: AppError) => void,
): void {
  busboy.on("field", (name, value, _nameTruncated, valueTruncated) => {
    if (name === field) refuse(invalid(name, "is text: send a file with its file name"));
    if (valueTruncated) refuse(invalid(name, `longer than ${MAX_FIELD_BYTES} bytes`));
    if (value.includes("\0")) refuse(invalid(name, "contains a NUL character"));
    // The parser has replaced bytes that are not UTF-8. They would be stored as wrong letters.
    if (value.includes("\uFFFD")) refuse(invalid(name, "must be text in UTF-8"));
    if (fields.has(name)) refuse(invalid(name, "given more than once"));
    fields.set(name, value);
  });
  const tooMany =
    maxFiles === 1
      ? "one file at a time"
      : `at most ${maxFiles} files at a time: send the others in another request`;
  busboy.once("filesLimit", () => refuse(invalid(field, tooMany)));
  busboy.once("fieldsLimit", () => refuse(invalid("", `more than ${MAX_FIELDS} fields`)));
  busboy.once("partsLimit", () => refuse(invalid("", "too many parts")));
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
  { maxBytes, skipsTooLarge }: Pick<FileRules, "maxBytes" | "skipsTooLarge">,
): Promise<Omit<FolderFile, "filename">> {
  const hash = new Bun.CryptoHasher("sha256");
  const file = await asStorageFailure(open(path, "wx"));
  let size_bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size_bytes += chunk.byteLength;
      const isTooLarge = size_bytes > maxBytes;
      if (isTooLarge && !skipsTooLarge) throw tooLarge(maxBytes);
      // The chunk is hashed while another thread writes it.
      const writing = isTooLarge ? undefined : asStorageFailure(file.writeFile(chunk));
      hash.update(chunk);
      await writing;
    }
    if (size_bytes <= maxBytes) await asStorageFailure(file.sync());
  } finally {
    await asStorageFailure(file.close());
  }
  const isTooLarge = size_bytes > maxBytes;
  if (isTooLarge) await rm(path, { force: true });
  return { path, size_bytes, sha256: hash.digest("hex"), isTooLarge };
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

/** @param keepsFolders  whether the parts of a path are kept, with `/` between them */
function safeFilename(filename: string | undefined, keepsFolders: boolean): string {
  // Browsers encode only these three characters of a name.
  const given = (filename ?? "").replace(/%22|%0D|%0A/gi, " ").normalize("NFC");
  const names = keepsFolders ? given.split(/[\\/]/) : [given];
  const safe = names
    .filter((name) => !/^[a-z]:$/i.test(name)) // a drive of Windows
    .map((name) => name.replace(UNSAFE_IN_FILENAME, " ").trim())
    .filter((name) => !/^\.{0,2}$/.test(name))
    .join("/");
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
