import type { ErrorCode } from "../errors";

/** The error code for a provider's response status of 400 or more. */
export function codeOfRefusal(status: number): ErrorCode {
  if (status === 401 || status === 403) return "provider_unauthorized";
  if (status === 402) return "provider_quota_exceeded";
  if (status === 429) return "provider_rate_limited";
  if (status === 408 || status === 409 || status >= 500) return "provider_unavailable";
  return "provider_request_refused";
}
