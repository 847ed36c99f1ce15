import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";

/**
 * Sound that clients brought: `<root>/sounds/{lecture_id}`, from the upload until its job has ended.
 *
 * It is no scratch: the job that needs it may begin long after the upload, and again after a crash.
 * Nor is it storage: nothing here outlives its job.
 */
export type SoundInbox = {
  /** Local folder for uploads that are not checked yet, on the same file system. */
  readonly stagingDir: string;
  /** Takes the staged file over, durably; it takes the place of an earlier one. */
  keep(lecture_id: string, stagedPath: string): Promise<void>;
  find(lecture_id: string): Promise<string | null>;
  /** Removing what is not there is no error. */
  remove(lecture_id: string): Promise<void>;
  /** The lectures whose sound came at least so many milliseconds ago. */
  list(olderThanMs: number): Promise<string[]>;
};

export async function openSoundInbox(root: string): Promise<SoundInbox> {
  const folder = join(root, "sounds");
  const stagingDir = join(folder, ".tmp");
  const pathOf = (lecture_id: string) => join(folder, lecture_id);
  await failingAsUnavailable(mkdir(stagingDir, { recursive: true, mode: 0o700 }));

  return {
    stagingDir,
    keep: (lecture_id, stagedPath) =>
      failingAsUnavailable(
        rename(stagedPath, pathOf(lecture_id)).then(async () => {
          // The file was flushed as it came; this makes its name durable.
          await using directory = await open(folder, "r");
          await directory.sync();
        }),
      ),
    find: async (lecture_id) => {
      const path = pathOf(lecture_id);
      return (await Bun.file(path).exists()) ? path : null;
    },
    remove: (lecture_id) => failingAsUnavailable(rm(pathOf(lecture_id), { force: true })),
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

async function failingAsUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    throw new AppError("storage_unavailable", { reason }, { cause });
  }
}
