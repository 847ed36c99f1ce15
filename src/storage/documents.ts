import { AppError } from "../errors";

/** Bytes from `start` (inclusive) to `end` (exclusive), as in `slice`. */
export type ByteRange = { start: number; end: number };

export type StoredDocument = {
  size_bytes: number;
  /** A new stream of the bytes; it reads as fast as its consumer does. */
  stream(range?: ByteRange): ReadableStream<Uint8Array>;
};

/**
 * Stores uploaded PDFs unchanged, by document id. Implementations: `disk.ts`, `s3.ts`.
 *
 * An upload is received in `stagingDir` on the local disk, hashed and checked there, and then stored.
 * A stored file is complete and is never overwritten.
 *
 * Every method throws AppError `storage_unavailable` when the disk or the bucket fails.
 */
export interface DocumentStorage {
  /** Local folder for uploads that are not documents yet; on the same file system as the documents. */
  readonly stagingDir: string;

  /** Moves the staged file from `stagingDir` to its durable place under `id`. */
  store(id: string, stagedPath: string, signal?: AbortSignal): Promise<void>;

  /** @throws AppError `document_file_missing` */
  open(id: string): Promise<StoredDocument>;

  /** A missing file is not an error, so a deletion can be repeated. */
  remove(id: string): Promise<void>;

  /**
   * A local, read-only file with the bytes, for tools that need a path.
   *
   * @param scratchDir  receives a copy if one is needed; its owner removes it
   * @throws AppError `document_file_missing`
   */
  localPath(id: string, scratchDir: string, signal?: AbortSignal): Promise<string>;

  /** Checks that documents can be stored now, by writing and removing a few bytes. */
  check(): Promise<void>;
}

/**
 * Whether the stored bytes are still those of the upload. Reads all of them.
 *
 * @throws AppError `document_file_missing`
 */
export async function verifyDocument(
  storage: DocumentStorage,
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

const DOCUMENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A document's file name. Only a UUID is accepted, so no id can name a file outside the folder. */
export function documentFileName(id: string): string {
  if (!DOCUMENT_ID.test(id)) throw new AppError("document_file_missing", { document_id: id });
  return `${id}.pdf`;
}
