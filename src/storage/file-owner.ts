import { createHash } from "node:crypto";
import { hostname } from "node:os";

/**
 * Names of temporary files contain their process and its machine, so that other processes can distinguish files of
 * running processes from those that a crash left. Machines can share a folder, and each has its own process ids.
 */
export const HOST = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);

/** Containers use process ids again: a file with our id that is older than this process is not ours. */
const startedAt = Date.now() - process.uptime() * 1_000;

/** Whether a process of this machine still runs and can be the owner of a file that changed at this time. */
export function isOwnerRunning(pid: number, mtimeMs: number): boolean {
  if (pid === process.pid) return mtimeMs >= startedAt;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
