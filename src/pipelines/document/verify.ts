import type { Sql } from "../../db/client";
import { listStoredFiles } from "../../db/document-files";
import { AppError } from "../../errors";
import { type FileStorage, verifyFile } from "../../storage/files";

export type Verified = {
  /** The document; each of its versions has a file. */
  id: string;
  filename: string;
  /** `changed`: other bytes than those of the upload. */
  state: "intact" | "changed" | "missing";
};

/**
 * Reads every stored PDF again and compares it with the checksum of its upload, one at a time.
 *
 * @throws AppError `storage_unavailable`
 */
export async function* verifyDocuments(
  { db, storage }: { db: Sql; storage: FileStorage },
  signal: AbortSignal,
): AsyncGenerator<Verified> {
  for (let after: string | null = null; ; ) {
    const files = await listStoredFiles(db, after, 100);
    for (const { file_id, document_id: id, filename, sha256 } of files) {
      yield { id, filename, state: await stateOf(storage, file_id, sha256, signal) };
    }
    const last = files.at(-1);
    if (!last) return;
    after = last.file_id;
  }
}

async function stateOf(
  storage: FileStorage,
  id: string,
  sha256: string,
  signal: AbortSignal,
): Promise<Verified["state"]> {
  try {
    return (await verifyFile(storage, id, sha256, signal)) ? "intact" : "changed";
  } catch (error) {
    if (error instanceof AppError && error.errorCode === "document_file_missing") return "missing";
    throw error;
  }
}
