import type { Sql } from "../db/client";
import {
  acknowledgeWebhook,
  claimWebhook,
  postponeWebhook,
  releaseWebhook,
  type WebhookAttempt,
} from "../db/webhooks/messages";
import type { Log } from "../log";
import type { GuardedFetch } from "../media/fetch/guarded-fetch";
import { sendWebhook } from "../providers/webhooks/send";
import { startPolling } from "./poll";

/** Longer than one attempt, so that an endpoint has one sender at a time. */
const LEASE_SECONDS = 30;
/** Endpoints that a process serves at the same time. */
const LANES = 4;
/** After these messages in a row, another endpoint gets its turn. */
const MESSAGES_PER_TURN = 100;
const POLL_MS = 2_000;

const FIRST_RETRY_SECONDS = 5;
const MAX_RETRY_SECONDS = 15 * 60;
/** An endpoint can ask for a longer delay with Retry-After, up to this one. */
const MAX_RETRY_AFTER_SECONDS = 3_600;
const DISABLE_AFTER_SECONDS = 5 * 24 * 3_600;

export type WebhookSenderDeps = {
  db: Sql;
  log: Pick<Log, "warn" | "info">;
  fetch: GuardedFetch;
  /** Whether messages about unanswered questions contain the question. */
  showsQuestions: boolean;
  now: () => Date;
};

/**
 * Sends all messages that are due, each endpoint's in order, and returns when nothing is due.
 * Several processes can do this at the same time: one of them works for an endpoint.
 *
 * @throws the signal's reason when it is aborted; errors of the database
 */
export async function sendDueWebhooks(deps: WebhookSenderDeps, signal: AbortSignal): Promise<void> {
  const lane = async () => {
    for (;;) {
      signal.throwIfAborted();
      const attempt = await claimWebhook(deps.db, lease(deps));
      if (!attempt) return;
      await serveEndpoint(deps, attempt, signal);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Polls for due messages until it is stopped. A failure of the database delays messages and loses none. */
export const startWebhookSender = (deps: WebhookSenderDeps): (() => Promise<void>) =>
  startPolling((signal) => sendDueWebhooks(deps, signal), {
    everyMs: POLL_MS,
    log: deps.log,
    failure: "webhooks are delayed",
  });

/** Sends messages of a claimed endpoint until one fails or none waits. */
async function serveEndpoint(
  deps: WebhookSenderDeps,
  first: WebhookAttempt,
  signal: AbortSignal,
): Promise<void> {
  let attempt: WebhookAttempt | undefined = first;
  for (let sent = 1; attempt; sent++) {
    attempt = await tryOnce(deps, attempt, sent < MESSAGES_PER_TURN, signal);
  }
}

/** Sends one message and records the result. @returns the next message of the endpoint */
async function tryOnce(
  deps: WebhookSenderDeps,
  attempt: WebhookAttempt,
  more: boolean,
  signal: AbortSignal,
): Promise<WebhookAttempt | undefined> {
  const { db, log, fetch, now } = deps;
  const result = await sendWebhook(fetch, toMessage(deps, attempt), { now: now(), signal }).catch(
    async (reason) => {
      await releaseWebhook(db, attempt);
      throw reason;
    },
  );
  if (result.delivered) return await acknowledgeWebhook(db, attempt, { ...lease(deps), more });
  const { error, status, retryAfterMs } = result;
  const disabled = await postponeWebhook(db, attempt, {
    now: now(),
    error,
    retrySeconds: retryDelay(attempt.failures, retryAfterMs),
    // 410 Gone: the consumer asks to stop.
    disableAfterSeconds: status === 410 ? 0 : DISABLE_AFTER_SECONDS,
  });
  const { endpoint_id, sequence } = attempt;
  if (disabled) log.warn({ endpoint_id, sequence, error }, "webhook disabled");
  return undefined;
}

const lease = ({ now }: WebhookSenderDeps) => ({ now: now(), leaseSeconds: LEASE_SECONDS });

/** Exponential backoff, 5 s to 15 min, with up to 20 % jitter. */
function retryDelay(failures: number, retryAfterMs: number | null): number {
  const backoff = Math.min(FIRST_RETRY_SECONDS * 2 ** Math.min(failures, 20), MAX_RETRY_SECONDS);
  const asked = Math.min((retryAfterMs ?? 0) / 1_000, MAX_RETRY_AFTER_SECONDS);
  return Math.max(backoff * (0.8 + Math.random() * 0.2), asked);
}

function toMessage({ showsQuestions }: WebhookSenderDeps, attempt: WebhookAttempt) {
  const { url, secrets, message_id, event_type, occurred_at, sequence, course_id } = attempt;
  const { data, question } = attempt;
  return {
    url,
    secrets,
    id: message_id,
    type: event_type,
    occurred_at,
    sequence,
    course_id,
    data: showsQuestions && question !== null ? { ...data, question } : data,
  };
}
