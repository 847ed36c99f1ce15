import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const IMAGE_BYTES = 1_500_000_000;

/**
 * A disk whose power can be cut: an ext4 file system of its own in an image file, on a loop device.
 * A copy of the image holds only what the kernel had written to it at that moment, which is what a
 * disk holds after a power failure, and a snapshot of a volume after a restore.
 */
export type Disk = AsyncDisposable & {
  folder: string;
  /** A disk as after a power failure now. Stop those who write first: a copy takes a moment. */
  copyAsAfterPowerCut(): Promise<Disk>;
};

const run = (...command: string[]) => Bun.spawnSync(command, { stderr: "pipe" });

function must(...command: string[]): void {
  const { exitCode, stderr } = run(...command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
}

/** Loop devices belong to root, and not every container lets root have them. */
export const canMountDisks: boolean = (() => {
  if (process.getuid?.() !== 0) return false;
  const image = join(tmpdir(), `lectern-probe-${process.pid}.img`);
  const folder = `${image}.mounted`;
  const isMounted = [
    ["truncate", "-s", "8M", image],
    ["mkfs.ext4", "-q", "-F", image],
    ["mkdir", folder],
    ["mount", "-o", "loop", image, folder],
  ].every((command) => Bun.which(command[0]!) !== null && run(...command).exitCode === 0);
  if (isMounted) run("umount", folder);
  run("rm", "-rf", image, folder);
  return isMounted;
})();

export async function makeDisk(): Promise<Disk> {
  const place = await mkdtemp(join(tmpdir(), "lectern-disk-"));
  const image = join(place, "disk.img");
  must("truncate", "-s", String(IMAGE_BYTES), image);
  // No idle initialisation: it would go on writing behind the test.
  must("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image);
  return mountDisk(place, image);
}

async function mountDisk(place: string, image: string): Promise<Disk> {
  const folder = join(place, "mounted");
  await mkdir(folder);
  must("mount", "-o", "loop", image, folder);
  return {
    folder,
    async copyAsAfterPowerCut() {
      const copy = await mkdtemp(join(tmpdir(), "lectern-disk-"));
      must("cp", "--sparse=always", image, join(copy, "disk.img"));
      return mountDisk(copy, join(copy, "disk.img"));
    },
    async [Symbol.asyncDispose]() {
      must("umount", folder);
      await rm(place, { recursive: true, force: true });
    },
  };
}
