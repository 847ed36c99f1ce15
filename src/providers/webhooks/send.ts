import { version } from "../../../package.json";
import { AppError } from "../../errors";
import type { GuardedFetch } from "../../media/fetch/guarded-fetch";
import { readRetryAfter } from "../../media/fetch/retry-after";
import { toWebhookHeaders } from "./signature";

/** Longest time of one attempt. */
const TIMEOUT_MS = 10_000;

/** A message for one endpoint. */
export type OutgoingWebhook = {
  url: string;
  secrets: readonly string[];
  /** The same in every attempt; consumers use it to drop duplicates. */
  id: string;
  type: string;
  /** The time of the event, as ISO 8601. */
  occurred_at: string;
  /** The position in the endpoint's order; null for a test. */
  sequence: number | null;
  course_id: string | null;
  data: Record<string, unknown>;
};

export type WebhookResult =
  | { delivered: true; status: number }
  | {
      delivered: false;
      status: number | null;
      /** For the administrator. */
      error: string;
      /** The delay that the endpoint asks for, in milliseconds; null without one. */
      retryAfterMs: number | null;
    };

/**
 * Sends one message. Only a status of 200 to 299 acknowledges it. Redirects are not followed, and the
 * body of the response is not read.
 *
 * @throws the signal's reason when it is aborted
 */
export async function sendWebhook(
  fetch: GuardedFetch,
  message: OutgoingWebhook,
  { now, signal }: { now: Date; signal: AbortSignal },
): Promise<WebhookResult> {
  const { url, secrets, id, type, occurred_at, sequence, course_id, data } = message;
  const body = JSON.stringify({ id, type, timestamp: occurred_at, sequence, course_id, data });
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": `Lectern/${version}`,
        ...toWebhookHeaders({ id, timestamp: now, body }, secrets),
      },
      body,
      reach: "public",
      maxHops: 0,
      maxBytes: Number.MAX_SAFE_INTEGER,
      timeoutMs: TIMEOUT_MS,
      stallMs: TIMEOUT_MS,
      signal,
    });
    response.discard();
    const { status, headers } = response;
    if (status >= 200 && status < 300) return { delivered: true, status };
    const error =
      status >= 300 && status < 400
        ? `HTTP ${status}: redirects are not followed`
        : `HTTP ${status}`;
    return { delivered: false, status, error, retryAfterMs: readRetryAfter(headers) };
  } catch (failure) {
    signal.throwIfAborted();
    return { delivered: false, status: null, error: toReason(failure), retryAfterMs: null };
  }
}

/** Without addresses of the network: an administrator of courses must not map it with webhooks. */
function toReason(failure: unknown): string {
  if (!(failure instanceof AppError)) return "the request failed";
  if (failure.errorCode === "address_blocked")
    return `the address is not allowed: ${failure.details.reason}`;
  if (failure.errorCode === "fetch_timeout")
    return `no response within ${TIMEOUT_MS / 1_000} seconds`;
  return "the endpoint cannot be reached";
}
