import { mkdir, mkdtemp, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { HOST, isOwnerRunning } from "../storage/file-owner";

export type Scratch = AsyncDisposable & {
  /** A folder that only this process's user can enter; the end of its `await using` block removes it. */
  path: string;
};

/** Running processes touch their folders every minute. */
const SILENT_MS = 5 * 60_000;

/**
 * Opens a private folder for one job, `<root>/scratch/<pid>-<thread>-<host>-<random>`.
 *
 * The end of the block removes it. After a crash its name identifies the owner: `sweepScratch` removes it at the
 * start and every minute, `removeScratchOfThread` when a worker thread has died.
 */
export async function openScratch(root: string): Promise<Scratch> {
  const folder = scratchFolder(root);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = await mkdtemp(join(folder, `${process.pid}-${threadId}-${HOST}-`));
  return { path, [Symbol.asyncDispose]: () => remove(path) };
}

/**
 * Removes the folders of processes that have ended. Call it at the start and every minute.
 *
 * Containers reuse process ids, so a folder with our own id that is older than this process is also
 * removed. Folders of other running processes are kept. Folders of other machines are kept until they
 * have not changed for a while.
 */
export async function sweepScratch(root: string): Promise<void> {
  await removeWhere(root, async ({ host, pid, path }) => {
    const { mtimeMs } = await stat(path);
    if (host !== HOST) return mtimeMs < Date.now() - SILENT_MS;
    const lives = isOwnerRunning(pid, mtimeMs);
    if (lives) await utimes(path, new Date(), new Date());
    return !lives;
  });
}

/** Removes the folders of a thread of this process that ended without closing them. */
export async function removeScratchOfThread(root: string, thread: number): Promise<void> {
  await removeWhere(
    root,
    async (owner) => owner.host === HOST && owner.pid === process.pid && owner.thread === thread,
  );
}

type Owned = { host: string; pid: number; thread: number; path: string };

async function removeWhere(root: string, isLeftover: (owned: Owned) => Promise<boolean>) {
  const folder = scratchFolder(root);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const [pid, thread, host = ""] = name.split("-");
    const owned = { host, pid: Number(pid), thread: Number(thread), path: join(folder, name) };
    // Another process can remove it between the two lines.
    if (await isLeftover(owned).catch(() => false)) await remove(owned.path);
  }
}

/** A completed job must not fail because a file cannot be removed; the next start removes it. */
async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
}

const scratchFolder = (root: string) => join(root, "scratch");
