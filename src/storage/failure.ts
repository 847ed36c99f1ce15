import { isDatabaseOutage } from "../db/client";
import { AppError } from "../errors";

/** Of the system (`ENOSPC`, `EDQUOT`) and of PostgreSQL (`53100`), which writes to a disk too. */
const DISK_FULL = ["ENOSPC", "EDQUOT", "53100"];

/** Error codes of an unusable disk or folder. A missing file (ENOENT) can be a normal answer. */
const DISK_FAULTS = /^(EACCES|EFAULT|EIO|EISDIR|EMFILE|ENFILE|ENOTDIR|EPERM|EROFS|ESTALE)$/;

/** These fail with the same codes, and not because of a disk. */
const OTHER_CALLS = /^(accept|bind|connect|kill|listen|posix_spawn|spawn)/;

/**
 * The AppError for an error of the disk: `storage_full` or `storage_unavailable`, with the system's
 * own code (EACCES, EROFS, EIO) as `reason`. Null for every other error, also for a missing file.
 */
export function toStorageFailure(cause: unknown): AppError | null {
  if (!(cause instanceof Error) || cause instanceof AppError) return null;
  const { code = "", syscall = "" } = cause as NodeJS.ErrnoException;
  if (DISK_FULL.includes(code)) return new AppError("storage_full", { reason: code }, { cause });
  if (!DISK_FAULTS.test(code) || OTHER_CALLS.test(syscall)) return null;
  return new AppError("storage_unavailable", { reason: code }, { cause });
}

/**
 * The AppError for an error of the server's disk or database
 * (`database_unavailable`). Null for every other error.
 */
export function toOutage(cause: unknown): AppError | null {
  // The database reports its own full disk too, and that reason is the more useful one.
  const failure = toStorageFailure(cause);
  if (failure || !isDatabaseOutage(cause)) return failure;
  return cause instanceof AppError ? cause : new AppError("database_unavailable", {}, { cause });
}

/** The AppError to report for anything that was thrown: itself, an outage, or `internal`. */
export function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return toOutage(thrown) ?? new AppError("internal", {}, { cause: thrown });
}

/**
 * Turns every failure of the disk or the bucket into `storage_full` or `storage_unavailable`.
 *
 * An AppError and the reason of an aborted `signal` pass unchanged.
 */
export async function asStorageFailure<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (signal?.aborted || cause instanceof AppError) throw cause;
    const reason = (cause as { code?: string }).code;
    throw toStorageFailure(cause) ?? new AppError("storage_unavailable", { reason }, { cause });
  }
}
