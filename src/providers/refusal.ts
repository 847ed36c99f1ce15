import type { ErrorCode } from "../errors";

/** Keys as providers write them, if a message contains another one than ours. */
const KEYS =
  /\b(?:(?:sk|gsk|xi|pk|hf|key|token)[-_][\w*.-]{6,}|bearer\s+[\w.~+/=-]{6,}|AIza[\w-]{10,})/gi;

/** Replaces keys in the message of a refusal: some servers repeat the request's key there. */
export function withoutSecrets(text: string, headers: Record<string, string>): string {
  const secrets = Object.values(headers)
    .map((value) => value.replace(/^Bearer /, ""))
    .filter((value) => value.length >= 4);
  const known = secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return known.replace(KEYS, "***");
}

/** The error code for a provider's response status of 400 or more. */
export function codeOfRefusal(status: number): ErrorCode {
  if (status === 401 || status === 403) return "provider_unauthorized";
  if (status === 402) return "provider_quota_exceeded";
  if (status === 429) return "provider_rate_limited";
  if (status === 408 || status === 409 || status >= 500) return "provider_unavailable";
  return "provider_request_refused";
}
