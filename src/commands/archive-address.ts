import { basename, dirname } from "node:path";
import { type Config, fromCallerFolder } from "../config";
import { AppError } from "../errors";
import { openBackups } from "../services";

export type ArchiveSource = { label: string; open(): Promise<ReadableStream<Uint8Array>> };

/**
 * Finds an archive by the argument of a command: a path, `s3://bucket/…/name`, or `latest` for the newest in BACKUP_TO.
 *
 * @throws AppError `backup_not_found`
 */
export async function findArchive(config: Config, address: string): Promise<ArchiveSource> {
  if (address !== "latest") {
    const path = fromCallerFolder(address);
    const place = openBackups(config, dirname(path));
    await (await place.open(basename(path))).cancel(); // a missing archive fails before a database is made
    return { label: path, open: () => place.open(basename(path)) };
  }
  const place = openBackups(config);
  const newest = (await place.list()).at(-1);
  if (!newest) throw new AppError("backup_not_found", { place: place.label });
  return { label: `${place.label}/${newest.name}`, open: () => place.open(newest.name) };
}
