import { constants } from "node:fs";
import { access, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";
import { type BucketLimits, openBucket, type S3Settings } from "./bucket";
import { flush } from "./disk";
import { asStorageFailure } from "./failure";
import { stagedFileName, sweepStaging } from "./staging";

export type StoredBackup = { name: string; size_bytes: number };

/** A folder or a bucket with archives. Its failures are AppError `backup_place_unavailable`. */
export interface BackupPlace {
  /** For people: the folder, or `s3://bucket/prefix`. */
  readonly label: string;
  /**
   * Stores the bytes under a name. An incomplete archive is never visible, also after a failure or a kill.
   *
   * @returns its size in bytes
   */
  write(name: string, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number>;
  /** @throws AppError `backup_not_found` */
  open(name: string): Promise<ReadableStream<Uint8Array>>;
  /** The archives, oldest first. Other files are ignored. */
  list(): Promise<StoredBackup[]>;
  remove(name: string): Promise<void>;
}

/** The name sorts by time. Two backups in one millisecond would replace each other; only one runs at a time. */
export const backupName = (time: Date) =>
  `lectern-${time.toISOString().replace(/[-:]/g, "").replace("T", "-")}.tar.zst`;

const BACKUP_NAME = /^lectern-\d{8}-\d{6}\.\d{3}Z\.tar\.zst$/;

/** As a folder it would be made on the disk of this machine, and the backups would be there only. */
const ADDRESS_WITH_SCHEME = /^[a-z][\w+.-]+:/i;

/**
 * Opens the place of an address: a folder, or `s3://bucket/prefix` with the endpoint and keys of the settings.
 *
 * @param s3  endpoint and keys; the bucket of the address is used
 * @throws AppError `config_invalid` for another kind of address, and for a bucket without keys
 */
export function openBackupPlace(
  address: string,
  s3: Omit<S3Settings, "bucket"> | null = null,
  limits?: BucketLimits,
): BackupPlace {
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(address) ?? [];
  if (!bucket && !ADDRESS_WITH_SCHEME.test(address)) return openFolder(address);
  if (!bucket) {
    const problem = `${address} is neither a folder nor s3://bucket/prefix`;
    throw new AppError("config_invalid", { problems: { BACKUP_TO: [problem] } });
  }
  if (s3) return openBucketPlace({ ...s3, bucket }, prefix.replace(/\/*$/, ""), address, limits);
  const problem = "s3://… needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY";
  throw new AppError("config_invalid", { problems: { BACKUP_TO: [problem] } });
}

/**
 * Turns a failure of the disk or the bucket into `backup_place_unavailable`, because the storage of the uploads can be
 * another one. Other errors pass unchanged.
 */
async function atPlace<T>(place: string, work: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await asStorageFailure(work, signal);
  } catch (error) {
    if (!(error instanceof AppError) || !/^storage_/.test(error.errorCode)) throw error;
    const { reason } = error.details;
    throw new AppError("backup_place_unavailable", { place, reason }, { cause: error.cause });
  }
}

function openFolder(folder: string): BackupPlace {
  const staging = join(folder, ".tmp");
  const here = <T>(work: Promise<T>) => atPlace(folder, work);
  return {
    label: folder,

    async write(name, bytes, signal) {
      await here(mkdir(staging, { recursive: true, mode: 0o700 }));
      await here(sweepStaging(staging));
      const staged = join(staging, stagedFileName());
      try {
        const size = await writeFlushed(staged, bytes, here, signal);
        await here(rename(staged, join(folder, name)));
        await here(flush(folder));
        return size;
      } catch (error) {
        await rm(staged, { force: true });
        throw error;
      }
    },

    async open(name) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => null);
      if (!found?.isFile()) throw new AppError("backup_not_found", { archive: path });
      await here(access(path, constants.R_OK));
      return Bun.file(path).stream();
    },

    async list() {
      const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        return here(Promise.reject(error));
      });
      const archives = names.filter((name) => BACKUP_NAME.test(name)).sort();
      return Promise.all(
        archives.map(async (name) => ({ name, size_bytes: (await stat(join(folder, name))).size })),
      );
    },

    async remove(name) {
      await here(rm(join(folder, name), { force: true }));
    },
  };
}

async function writeFlushed(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  here: <T>(work: Promise<T>) => Promise<T>,
  signal: AbortSignal,
): Promise<number> {
  const file = await here(open(path, "wx", 0o600));
  let size = 0;
  try {
    for await (const chunk of bytes) {
      signal.throwIfAborted();
      await here(file.writeFile(chunk));
      size += chunk.length;
    }
    await here(file.sync());
    return size;
  } finally {
    await file.close();
  }
}

/** The bytes, and the error of their source, which is no failure of the bucket. */
function watchErrors(bytes: AsyncIterable<Uint8Array>) {
  let failure: unknown;
  async function* watched() {
    try {
      yield* bytes;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { bytes: watched(), error: () => failure };
}

/** S3 allows 10 000 parts, so an archive can have 160 GB. */
const PART_BYTES = 16 * 1024 * 1024;

function openBucketPlace(
  settings: S3Settings,
  prefix: string,
  label: string,
  limits?: BucketLimits,
): BackupPlace {
  const bucket = openBucket(settings, limits);
  const keyOf = (name: string) => (prefix ? `${prefix}/${name}` : name);
  return {
    label,

    async write(name, bytes, signal) {
      const source = watchErrors(bytes);
      const stored = bucket.write(keyOf(name), source.bytes, {
        contentType: "application/zstd",
        signal,
        partSize: PART_BYTES,
      });
      return atPlace(label, stored, signal).catch((error: unknown) => {
        throw source.error() ?? error;
      });
    },

    async open(name) {
      const found = bucket.stat(keyOf(name)).catch((cause: unknown) => {
        if ((cause as { code?: string }).code !== "NoSuchKey") throw cause;
        throw new AppError("backup_not_found", { archive: `${label}/${name}` }, { cause });
      });
      await atPlace(label, found);
      return bucket.stream(keyOf(name));
    },

    async list() {
      const found: StoredBackup[] = [];
      const under = prefix ? `${prefix}/` : "";
      for (let token: string | undefined; ; ) {
        const page = await atPlace(
          label,
          bucket.list({ prefix: under, ...(token && { continuationToken: token }) }),
        );
        for (const { key, size = 0 } of page.contents ?? []) {
          const name = key.slice(under.length);
          if (BACKUP_NAME.test(name)) found.push({ name, size_bytes: size });
        }
        if (!page.isTruncated) return found.sort((a, b) => (a.name < b.name ? -1 : 1));
        token = page.nextContinuationToken;
      }
    },

    async remove(name) {
      await atPlace(label, bucket.remove(keyOf(name)));
    },
  };
}
