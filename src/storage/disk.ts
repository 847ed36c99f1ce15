import { constants } from "node:fs";
import { access, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";
import { type DocumentStorage, documentFileName } from "./documents";

/**
 * Documents as files: `<root>/documents/{document_id}.pdf`.
 *
 * A file is flushed before it gets its name, and the folder after, so a name that exists after a
 * power cut has all of its bytes.
 */
export async function openDiskStorage(root: string): Promise<DocumentStorage> {
  const folder = join(root, "documents");
  const stagingDir = join(folder, ".tmp");
  const pathOf = (id: string) => join(folder, documentFileName(id));
  await failingAsUnavailable(mkdir(stagingDir, { recursive: true }));

  return {
    stagingDir,

    async store(id, stagedPath, signal) {
      const path = pathOf(id);
      await failingAsUnavailable(flush(stagedPath));
      signal?.throwIfAborted();
      await failingAsUnavailable(rename(stagedPath, path));
      await failingAsUnavailable(flush(folder));
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
      await failingAsUnavailable(rm(pathOf(id), { force: true }));
    },

    async localPath(id) {
      const path = pathOf(id);
      await existingSize(path, id);
      return path;
    },

    async check() {
      const probe = join(stagingDir, `check-${crypto.randomUUID()}`);
      await failingAsUnavailable(access(folder, constants.R_OK | constants.W_OK));
      await failingAsUnavailable(Bun.write(probe, "check"));
      await failingAsUnavailable(rm(probe));
    },
  };
}

async function existingSize(path: string, document_id: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw unavailable(cause);
    throw new AppError("document_file_missing", { document_id }, { cause });
  }
}

/** `fsync` of a file, or of a folder: there it makes new names durable. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function failingAsUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** The system's own code (ENOSPC, EACCES, EROFS) says what to repair. */
function unavailable(cause: unknown): AppError {
  const reason = (cause as NodeJS.ErrnoException).code;
  return new AppError("storage_unavailable", { reason }, { cause });
}
