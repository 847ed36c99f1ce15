import { AppError } from "../errors";

/**
 * Turns a failure of the disk or the bucket into `storage_unavailable`, with the system's own code
 * (ENOSPC, EACCES, EROFS) as `reason`.
 *
 * An AppError and the reason of an aborted `signal` pass unchanged.
 */
export async function asStorageFailure<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (signal?.aborted || cause instanceof AppError) throw cause;
    const reason = (cause as { code?: string }).code;
    throw new AppError("storage_unavailable", { reason }, { cause });
  }
}
