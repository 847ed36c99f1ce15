import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { asStorageFailure } from "./failure";

/**
 * Audio that clients uploaded: `<root>/uploaded-audio/{lecture_id}`, from the upload to the job's end.
 *
 * It is not in the scratch folder, because its job can start long after the upload, and again after a
 * crash. It is not in the document storage, because it is deleted with the end of its job.
 */
export type UploadedAudioStore = {
  /** Local folder for uploads that are not checked yet, on the same file system. */
  readonly stagingDir: string;
  /** Moves the staged file here, durably; it replaces an earlier file of the lecture. */
  keep(lecture_id: string, stagedPath: string): Promise<void>;
  find(lecture_id: string): Promise<string | null>;
  /** A missing file is not an error. */
  remove(lecture_id: string): Promise<void>;
  /** The lectures whose audio is older than so many milliseconds. */
  list(olderThanMs: number): Promise<string[]>;
};

export async function openUploadedAudio(root: string): Promise<UploadedAudioStore> {
  const folder = join(root, "uploaded-audio");
  const stagingDir = join(folder, ".tmp");
  const pathOf = (lecture_id: string) => join(folder, lecture_id);
  await asStorageFailure(mkdir(stagingDir, { recursive: true, mode: 0o700 }));

  return {
    stagingDir,
    keep: (lecture_id, stagedPath) =>
      asStorageFailure(
        rename(stagedPath, pathOf(lecture_id)).then(async () => {
          // The content was flushed while it was received; this makes the new name durable.
          await using directory = await open(folder, "r");
          await directory.sync();
        }),
      ),
    find: async (lecture_id) => {
      const path = pathOf(lecture_id);
      return (await Bun.file(path).exists()) ? path : null;
    },
    remove: (lecture_id) => asStorageFailure(rm(pathOf(lecture_id), { force: true })),
    list: async (olderThanMs) => {
      const before = Date.now() - olderThanMs;
      const names = (await readdir(folder)).filter((name) => !name.startsWith("."));
      const old = await Promise.all(
        names.map(async (name) => {
          const changed = await stat(pathOf(name)).catch(() => null);
          return changed !== null && changed.mtimeMs < before;
        }),
      );
      return names.filter((_, i) => old[i]);
    },
  };
}
