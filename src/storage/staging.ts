import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Removes the incomplete uploads of killed processes. Call it once, at start.
 *
 * @param before  newer files are kept: another process can be receiving them
 * @returns how many files were removed
 */
export async function sweepStaging(stagingDir: string, before: Date): Promise<number> {
  let removed = 0;
  for (const name of await readdir(stagingDir)) {
    const path = join(stagingDir, name);
    const changed = (await stat(path).catch(() => null))?.mtime;
    if (!changed || changed >= before) continue;
    await rm(path, { force: true, recursive: true });
    removed += 1;
  }
  return removed;
}
