import type { LecternClient } from "./client.js";
import { dataOf } from "./errors.js";
import { pause } from "./pause.js";
import type { Document, Lecture } from "./schema.js";

type WaitOptions = {
  signal?: AbortSignal;
  /** Milliseconds between two requests; default 1 000. */
  intervalMs?: number;
};

const ENDED = ["completed", "failed", "paused"];

/**
 * Waits until a document is `completed`, `failed` or `paused`, and returns it.
 *
 * @throws LecternError; the reason of the signal
 */
export const waitForDocument = (
  client: LecternClient,
  id: string,
  options: WaitOptions = {},
): Promise<Document> =>
  waitUntilEnded<Document>((signal) => {
    const params = { path: { id } };
    return dataOf(client.GET("/api/documents/{id}", { params, signal }));
  }, options);

/** The same for a lecture. */
export const waitForLecture = (
  client: LecternClient,
  id: string,
  options: WaitOptions = {},
): Promise<Lecture> =>
  waitUntilEnded<Lecture>((signal) => {
    const params = { path: { id } };
    return dataOf(client.GET("/api/lectures/{id}", { params, signal }));
  }, options);

async function waitUntilEnded<T extends { status: string }>(
  read: (signal: AbortSignal | null) => Promise<T>,
  { signal, intervalMs = 1_000 }: WaitOptions,
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    const asset = await read(signal ?? null);
    if (ENDED.includes(asset.status)) return asset;
    await pause(intervalMs, signal);
  }
}
