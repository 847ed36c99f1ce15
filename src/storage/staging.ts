import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { HOST, isOwnerRunning } from "./file-owner";

/** A server ends silent uploads much earlier, so a file without a new byte for this time is abandoned. */
const ABANDONED_MS = 6 * 3_600_000;
/** A file that changed within this time is kept, also one of an ended process. */
const FRESH_MS = 2 * 60_000;

/** A new name for an incomplete upload of this process: `<pid>-<host>-<random>.part`. */
export const stagedFileName = () => `${process.pid}-${HOST}-${crypto.randomUUID()}.part`;

/**
 * Removes incomplete uploads of processes that have ended. Files of running processes are kept, and those of
 * other machines until they have not changed for six hours. Call it every minute.
 *
 * @returns how many files were removed
 */
export async function sweepStaging(stagingDir: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(stagingDir)) {
    const path = join(stagingDir, name);
    const changed = (await stat(path).catch(() => null))?.mtimeMs;
    if (changed === undefined || isInUse(name, changed)) continue;
    await rm(path, { force: true, recursive: true });
    removed += 1;
  }
  return removed;
}

function isInUse(name: string, mtimeMs: number): boolean {
  const age = Date.now() - mtimeMs;
  if (age < FRESH_MS) return true;
  if (age > ABANDONED_MS) return false;
  const [, pid, host] = /^(\d+)-([0-9a-f]{8})-/.exec(name) ?? [];
  return host !== HOST || isOwnerRunning(Number(pid), mtimeMs);
}
