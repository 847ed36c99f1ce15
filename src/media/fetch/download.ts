import { type FileHandle, open } from "node:fs/promises";
import { AppError } from "../../errors";
import { writeAll } from "../write-all";
import { freeChunk } from "./byte-buffers";
import type { Fetched, GuardedFetch } from "./guarded-fetch";
import { assertMediaResponse } from "./response-status";
import { type Patience, retryingFetch } from "./retries";

/** Progress of a download; `total` is null when the server does not state it. */
export type DownloadProgress = { done: number; total: number | null; unit: "bytes" | "segments" };

export type DownloadOrder = {
  fetch: GuardedFetch;
  url: string;
  /** Credentials among them are sent to the first origin only, not after a redirect. */
  headers?: Record<string, string>;
  /** File to write; it is replaced if it exists. */
  path: string;
  patience: Patience;
  onProgress: (progress: DownloadProgress) => void;
  signal: AbortSignal;
};

/** Nine hours at 2 Mbit/s; a larger file is not a lecture. */
export const MAX_FILE_BYTES = 8 * 1024 ** 3;
const ATTEMPTS = 6;

/** The bytes on disk, and the validator by which the server recognises the same version of the file. */
type PartialFile = { bytes: number; validator: string | null };

/**
 * Downloads one file. An interrupted transfer is resumed, unless the file changed.
 *
 * @throws AppError `recording_incomplete` when fewer bytes arrive than announced, `media_refused`,
 *         `storage_full`, `storage_unavailable`, and the errors of `GuardedFetch`
 */
export async function downloadFile(order: DownloadOrder): Promise<void> {
  await using file = await open(order.path, "w");
  const part: PartialFile = { bytes: 0, validator: null };
  await retryingFetch(() => downloadRest(file, part, order), {
    attempts: ATTEMPTS,
    backoffMs: order.patience.backoffMs,
    signal: order.signal,
  });
}

async function downloadRest(
  file: FileHandle,
  part: PartialFile,
  order: DownloadOrder,
): Promise<void> {
  const fetched = await requestRest(part, order);
  if (fetched.status === 416) part.bytes = 0;
  assertMediaResponse(fetched);

  const start = rangeStart(fetched);
  if (start !== 0 && start !== part.bytes) throw incomplete(fetched, part);
  if (start === 0) await file.truncate(0);
  part.bytes = start;
  part.validator = validatorOf(fetched);

  const total = totalBytes(fetched, start);
  for await (const chunk of fetched.body) {
    await writeAll(file, chunk, part.bytes);
    part.bytes += chunk.byteLength;
    freeChunk(chunk);
    order.onProgress({ done: part.bytes, total, unit: "bytes" });
  }
  if (part.bytes === 0 || (total !== null && part.bytes !== total)) throw incomplete(fetched, part);
}

function requestRest({ bytes, validator }: PartialFile, order: DownloadOrder): Promise<Fetched> {
  const { fetch, url, headers, patience, signal } = order;
  const resume =
    bytes > 0 && validator ? { range: `bytes=${bytes}-`, "if-range": validator } : undefined;
  return fetch(url, {
    headers: { ...headers, ...resume },
    reach: "public",
    maxBytes: MAX_FILE_BYTES,
    timeoutMs: patience.fileTimeoutMs,
    stallMs: patience.stallMs,
    signal,
  });
}

/** Position in the file of the first byte of this response. */
function rangeStart({ status, headers }: Fetched): number {
  if (status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
}

function totalBytes({ headers }: Fetched, start: number): number | null {
  const length = headers.get("content-length");
  return length === null ? null : start + Number(length);
}

/** Weak tags mean equal content, but not equal bytes. */
function validatorOf({ headers }: Fetched): string | null {
  const tag = headers.get("etag");
  return tag && !tag.startsWith("W/") ? tag : headers.get("last-modified");
}

const incomplete = ({ url }: Fetched, part: PartialFile) =>
  new AppError("recording_incomplete", { host: url.host, received_bytes: part.bytes });
