import { statfs } from "node:fs/promises";

export type DiskSpace = {
  /** Free bytes for a user without root rights. */
  free_bytes: number;
  total_bytes: number;
};

export async function readDiskSpace(folder: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { free_bytes: bavail * bsize, total_bytes: blocks * bsize };
}

/** Below so many largest uploads of free space, the disk is low. */
const LOW_UPLOADS = 5;

/**
 * `low`: time to free space. `full`: the next upload can fail.
 *
 * @param maxUploadBytes the largest accepted upload
 */
export function judgeDiskSpace(
  { free_bytes }: DiskSpace,
  maxUploadBytes: number,
): "ok" | "low" | "full" {
  if (free_bytes < maxUploadBytes) return "full";
  return free_bytes < LOW_UPLOADS * maxUploadBytes ? "low" : "ok";
}
