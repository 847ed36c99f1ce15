import { setTimeout as sleep } from "node:timers/promises";

/** Waits `ms` milliseconds. @throws the signal's reason as soon as it aborts */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  // `sleep` itself would throw a general AbortError and hide why the work ends.
  await sleep(ms, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
}
