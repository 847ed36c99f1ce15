import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own in memory, with little space. Leaving its `await using` block unmounts it. */
export type SmallDisk = AsyncDisposable & {
  folder: string;
  /** Fills the disk until at most a few bytes are free. */
  fill(): Promise<void>;
  /** Removes what `fill` wrote. */
  free(): Promise<void>;
};

const run = (...command: string[]) => Bun.spawnSync(command, { stderr: "pipe" });

/** Mounting needs root, and containers can refuse it to root. */
export const canMountSmallDisks: boolean = (() => {
  if (process.getuid?.() !== 0 || !Bun.which("mount")) return false;
  const folder = join(tmpdir(), `lectern-tmpfs-probe-${process.pid}`);
  run("mkdir", folder);
  const isMounted = run("mount", "-t", "tmpfs", "-o", "size=64k", "none", folder).exitCode === 0;
  if (isMounted) run("umount", folder);
  run("rmdir", folder);
  return isMounted;
})();

export async function mountSmallDisk(bytes: number): Promise<SmallDisk> {
  const place = await mkdtemp(join(tmpdir(), "lectern-small-disk-"));
  const folder = join(place, "mounted");
  await mkdir(folder);
  const mounted = run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "none", folder);
  if (mounted.exitCode !== 0) throw new Error(`mount: ${mounted.stderr}`);
  const filler = join(folder, "filler");
  return {
    folder,
    fill: async () => void run("dd", "if=/dev/zero", `of=${filler}`, "bs=4096"),
    free: () => rm(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      run("umount", folder);
      await rm(place, { recursive: true, force: true });
    },
  };
}
