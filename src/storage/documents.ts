import { AppError } from "../errors";

/** Bytes `start` to `end`, the first included, the last not: as in `slice`. */
export type ByteRange = { start: number; end: number };

export type StoredDocument = {
  size_bytes: number;
  /** A new stream of the bytes; it reads as fast as its consumer does. */
  stream(range?: ByteRange): ReadableStream<Uint8Array>;
};

/**
 * Keeps uploaded PDFs, untouched, by document id. Implementations: `disk.ts`, `s3.ts`.
 *
 * Bytes arrive in `stagingDir` first, on the local disk, where they are hashed and checked; only
 * `store` makes them a document. What is stored is complete, and is never written a second time.
 *
 * Every method throws AppError `storage_unavailable` when the disk or the bucket fails.
 */
export interface DocumentStorage {
  /** Local folder for uploads that are not documents yet; on the same file system as the documents. */
  readonly stagingDir: string;

  /** Takes the staged file over: it is durable under `id` afterwards, and gone from `stagingDir`. */
  store(id: string, stagedPath: string, signal?: AbortSignal): Promise<void>;

  /** @throws AppError `document_file_missing` */
  open(id: string): Promise<StoredDocument>;

  /** Removing what is not there is no error, so that a deletion can be repeated. */
  remove(id: string): Promise<void>;

  /**
   * A local file with the bytes, for tools that need a path. It is for reading only.
   *
   * @param scratchDir  where a copy may be left; its owner removes it
   * @throws AppError `document_file_missing`
   */
  localPath(id: string, scratchDir: string, signal?: AbortSignal): Promise<string>;

  /** Proves that a document could be written and read now, by doing so with a few bytes. */
  check(): Promise<void>;
}

/**
 * Tells whether the stored bytes are still those of the upload, by reading all of them.
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

/** The name of a document's file. Refuses everything but a UUID, so that no id can leave its folder. */
export function documentFileName(id: string): string {
  if (!DOCUMENT_ID.test(id)) throw new AppError("document_file_missing", { document_id: id });
  return `${id}.pdf`;
}
