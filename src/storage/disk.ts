import { constants } from "node:fs";
import { access, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";
import { type DocumentStorage, documentFileName } from "./documents";
import { asStorageFailure } from "./failure";

/**
 * Documents as files: `<root>/documents/{document_id}.pdf`.
 *
 * A file is flushed before it is renamed and the folder afterwards, so after a power failure a file
 * with a final name is complete.
 */
export async function openDiskStorage(root: string): Promise<DocumentStorage> {
  const folder = join(root, "documents");
  const stagingDir = join(folder, ".tmp");
  const pathOf = (id: string) => join(folder, documentFileName(id));
  await asStorageFailure(mkdir(stagingDir, { recursive: true }));

  return {
    stagingDir,

    async store(id, stagedPath, signal) {
      const path = pathOf(id);
      await asStorageFailure(flush(stagedPath));
      signal?.throwIfAborted();
      await asStorageFailure(rename(stagedPath, path));
      await asStorageFailure(flush(folder));
    },

    async open(id) {
      const path = pathOf(id);
      const size_bytes = await existingSize(path, id);
      return {
        size_bytes,
        stream: (range) =>
          (range ? Bun.file(path).slice(range.start, range.end) : Bun.file(path)).stream(),
      };
    },

    async remove(id) {
      await asStorageFailure(rm(pathOf(id), { force: true }));
    },

    async localPath(id) {
      const path = pathOf(id);
      await existingSize(path, id);
      return path;
    },

    async check() {
      const probe = join(stagingDir, `check-${crypto.randomUUID()}`);
      await asStorageFailure(access(folder, constants.R_OK | constants.W_OK));
      await asStorageFailure(Bun.write(probe, "check"));
      await asStorageFailure(rm(probe));
    },
  };
}

async function existingSize(path: string, document_id: string): Promise<number> {
  const found = stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw new AppError("document_file_missing", { document_id }, { cause });
  });
  return (await asStorageFailure(found)).size;
}

/** `fsync` of a file, or of a folder, which makes its new names durable. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
