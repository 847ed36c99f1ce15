/**
 * Reads how long a server asks us to wait, from `Retry-After` (seconds or a date) or OpenAI's more
 * exact `retry-after-ms`.
 *
 * @returns milliseconds; null when the response names no time
 */
export function readRetryAfter(headers: Headers, now = Date.now()): number | null {
  const ms = Number(headers.get("retry-after-ms"));
  if (ms > 0) return ms;
  const value = headers.get("retry-after");
  if (!value) return null;
  const wait = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isNaN(wait) ? null : Math.max(0, Math.round(wait));
}
