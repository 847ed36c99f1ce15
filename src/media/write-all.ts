import type { FileHandle } from "node:fs/promises";
import { AppError } from "../errors";
import { asStorageFailure } from "../storage/failure";

/**
 * Writes all bytes at a position. A single `write` stores only a part of them when the disk becomes
 * full, and reports that part as a success.
 *
 * @param position  offset in the file, in bytes
 * @throws AppError `storage_full`, `storage_unavailable`
 */
export async function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const rest = bytes.byteLength - done;
    const writing = file.write(bytes, done, rest, position + done);
    const { bytesWritten } = await asStorageFailure(writing);
    if (bytesWritten === 0)
      throw new AppError("storage_unavailable", { reason: "nothing written" });
    done += bytesWritten;
  }
}
