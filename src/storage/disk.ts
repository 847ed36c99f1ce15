import { constants } from "node:fs";
import { access, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";
import { asStorageFailure } from "./failure";
import { type FileKind, type FileStorage, idsOfNames, storedFileName } from "./files";

/** Ids in one batch of a listing. */
const BATCH = 1_000;

/**
 * Uploads as files: `<root>/documents/{id}.pdf`, `<root>/uploaded-audio/{id}`. Other users of the
 * machine cannot read a folder that this creates.
 *
 * A file is flushed before it is renamed and the folder afterwards, so after a power failure a file
 * with a final name is complete.
 */
export async function openDiskStorage(root: string, kind: FileKind): Promise<FileStorage> {
  const folder = join(root, kind.folder);
  const stagingDir = join(folder, ".tmp");
  const pathOf = (id: string) => join(folder, storedFileName(kind, id));
  await asStorageFailure(mkdir(stagingDir, { recursive: true, mode: 0o700 }));

  const sizeOf = async (id: string) => {
    const path = pathOf(id);
    const found = stat(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "ENOENT") throw cause;
      throw new AppError(kind.missing, { file_id: id }, { cause });
    });
    return (await asStorageFailure(found)).size;
  };

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
      const size_bytes = await sizeOf(id);
      const file = Bun.file(pathOf(id));
      return {
        size_bytes,
        stream: (range) => (range ? file.slice(range.start, range.end) : file).stream(),
      };
    },

    async remove(id) {
      await asStorageFailure(rm(pathOf(id), { force: true }));
    },

    async localPath(id) {
      await sizeOf(id);
      return pathOf(id);
    },

    async *list() {
      const ids = idsOfNames(kind, await asStorageFailure(readdir(folder)));
      for (let from = 0; from < ids.length; from += BATCH) yield ids.slice(from, from + BATCH);
    },

    async check() {
      const probe = join(stagingDir, `check-${crypto.randomUUID()}`);
      await asStorageFailure(access(folder, constants.R_OK | constants.W_OK));
      await asStorageFailure(Bun.write(probe, "check"));
      await asStorageFailure(rm(probe));
    },
  };
}

/** `fsync` of a file, or of a folder, which makes its new names durable. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
