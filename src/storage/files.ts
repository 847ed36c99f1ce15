import { AppError, type ErrorCode } from "../errors";

/** Bytes from `start` (inclusive) to `end` (exclusive), as in `slice`. */
export type ByteRange = { start: number; end: number };

export type StoredFile = {
  size_bytes: number;
  /** A new stream of the bytes; it reads as fast as its consumer does. */
  stream(range?: ByteRange): ReadableStream<Uint8Array>;
};

/** One kind of uploaded files: where they are stored, and which error reports a missing one. */
export type FileKind = {
  /** Folder below DATA_ROOT and prefix in the bucket. */
  folder: string;
  /** With the dot; empty when the format of the files varies. */
  extension: string;
  contentType: string;
  missing: ErrorCode;
};

export const DOCUMENT_FILES: FileKind = {
  folder: "documents",
  extension: ".pdf",
  contentType: "application/pdf",
  missing: "document_file_missing",
};

export const AUDIO_FILES: FileKind = {
  folder: "uploaded-audio",
  extension: "",
  contentType: "application/octet-stream",
  missing: "audio_file_missing",
};

/**
 * Stores uploaded files of one kind unchanged, by id. Implementations: `disk.ts`, `s3.ts`.
 *
 * An upload is received in `stagingDir` on the local disk, hashed and checked there, and then stored.
 * A stored file is complete and is never overwritten.
 *
 * Every method throws AppError `storage_full` when the disk is full, and `storage_unavailable` when
 * the disk or the bucket fails.
 */
export interface FileStorage {
  /** Local folder for uploads that are not stored yet; on the same file system as the files. */
  readonly stagingDir: string;

  /** Moves the staged file from `stagingDir` to its durable place under `id`. */
  store(id: string, stagedPath: string, signal?: AbortSignal): Promise<void>;

  /** @throws AppError `FileKind.missing` */
  open(id: string): Promise<StoredFile>;

  /** A missing file is not an error, so a deletion can be repeated. */
  remove(id: string): Promise<void>;

  /**
   * A local, read-only file with the bytes, for tools that need a path.
   *
   * @param scratchDir  receives a copy if one is needed; its owner removes it
   * @throws AppError `FileKind.missing`
   */
  localPath(id: string, scratchDir: string, signal?: AbortSignal): Promise<string>;

  /** The ids of all stored files, in batches of up to 1 000. */
  list(): AsyncIterable<string[]>;

  /** Checks that files can be stored now, by writing and removing a few bytes. */
  check(): Promise<void>;
}

/**
 * Whether the stored bytes are still those of the upload. Reads all of them.
 *
 * @throws AppError `FileKind.missing`
 */
export async function verifyFile(
  storage: FileStorage,
  id: string,
  sha256: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of (await storage.open(id)).stream()) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest("hex") === sha256;
}

const FILE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The ids in the names of stored files; other names belong to other software. */
export const idsOfNames = (kind: FileKind, names: string[]): string[] =>
  names
    .filter((name) => name.endsWith(kind.extension))
    .map((name) => name.slice(0, name.length - kind.extension.length))
    .filter((id) => FILE_ID.test(id));

/** The name of a stored file. Only a UUID is accepted, so no id can name a file outside the folder. */
export function storedFileName(kind: FileKind, id: string): string {
  if (!FILE_ID.test(id)) throw new AppError(kind.missing, { file_id: id });
  return `${id}${kind.extension}`;
}
