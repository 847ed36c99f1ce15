import type { ErrorCode } from "../errors";

/** What a status of 400 or more means, whichever provider says it. */
export function codeOfRefusal(status: number): ErrorCode {
  if (status === 401 || status === 403) return "provider_unauthorized";
  if (status === 402) return "provider_quota_exceeded";
  if (status === 429) return "provider_rate_limited";
  if (status === 408 || status === 409 || status >= 500) return "provider_unavailable";
  return "provider_request_refused";
}

/** How long a refusal asks us to wait, in milliseconds; null when it does not say. Holds seconds or a date. */
export function readRetryAfter(headers: Headers, now = Date.now()): number | null {
  const ms = Number(headers.get("retry-after-ms")); // OpenAI's own, which is more exact
  if (ms > 0) return ms;
  const value = headers.get("retry-after");
  if (!value) return null;
  const wait = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isNaN(wait) ? null : Math.max(0, Math.round(wait));
}
