import type { AnyElysia } from "elysia";
import type { Config } from "../../config";
import { AppError } from "../../errors";
import { type AccessScope, type Principal, principalName } from "../../principal";
import { admittedRoute, principalOf } from "./auth";
import { REQUIREMENTS } from "./auth-requirements";
import { isLoopback } from "./authenticate";
import { clientAddress } from "./client-address";
import { onStreamEnd } from "./streaming-response";
import { TokenBuckets, type TokenResult } from "./token-buckets";

type LimitSettings = Pick<Config, "HOST" | "RATE_LIMITS" | "TRUSTED_PROXIES">;

/** Requests a minute of one key or user by scope, and of one address; streams and uploads at a time. */
const DEFAULTS = {
  read: 3_000,
  ingest: 600,
  chat: 300,
  admin: 600,
  share_link: 120,
  address: 6_000,
  failed_logins: 10,
  streams: 200,
  uploads: 20,
};

const STREAMS = new Set([
  "POST /api/chat",
  "POST /api/chat/stream",
  "POST /v1/chat/completions",
  "POST /v1/responses",
  "POST /v1/embeddings",
  "GET /api/events",
]);
const UPLOADS = new Set([
  "POST /api/documents/upload",
  "POST /api/documents/upload-folder",
  "POST /api/documents/:id/versions",
  "POST /api/lectures/audio",
  "POST /api/lectures/transcript",
  "PUT /api/lectures/:id/transcript",
]);

/** A stream or an upload that is counted. It can be released more than once. */
type Slot = { isStreaming: boolean; release(): void };

/**
 * Limits the requests of each address, key and user, failed logins, and streams and uploads at a time.
 * The parts are used before the handler of errors, before the guard, and after it. Each process counts on
 * its own.
 *
 * A loopback server without keys has no limits, and neither do clients on this machine that fail to log
 * in: both are the operator's own.
 */
export function rateLimits({ HOST, RATE_LIMITS, TRUSTED_PROXIES }: LimitSettings) {
  const limits = { ...DEFAULTS, ...RATE_LIMITS };
  const addresses = new TokenBuckets(limits.address);
  const failedLogins = new TokenBuckets(limits.failed_logins);
  const scopes = {
    read: new TokenBuckets(limits.read),
    ingest: new TokenBuckets(limits.ingest),
    chat: new TokenBuckets(limits.chat),
    admin: new TokenBuckets(limits.admin),
  };
  const ownRates = new TokenBuckets(limits.read);
  const links = new TokenBuckets(limits.share_link);
  const open = { streams: new Map<string, number>(), uploads: new Map<string, number>() };
  const slots = new WeakMap<Request, Slot>();
  const known = new WeakMap<Request, string>();

  /** An expired token is genuine, so it is no attempt to guess: the tabs of one campus can send many. */
  const countFailures = (app: AnyElysia) =>
    app.onError({ as: "global" }, ({ error, request }) => {
      const address = known.get(request);
      const isFailed =
        error instanceof AppError &&
        error.errorCode === "unauthenticated" &&
        error.details.expired !== true;
      if (address !== undefined && isFailed && hasCredential(request)) failedLogins.take(address);
    });

  const beforeGuard = (app: AnyElysia) =>
    app.onRequest(({ request, server }) => {
      const address = clientAddress(request, server, TRUSTED_PROXIES);
      if (address === null || isLoopback(address)) return;
      known.set(request, address);
      refuse(addresses.take(address));
      if (hasCredential(request)) refuse(failedLogins.look(address));
    });

  const afterGuard = (app: AnyElysia) =>
    app
      .onRequest(({ request, set }) => {
        const route = admittedRoute(request);
        const principal = principalOf(request);
        if (route === undefined || (principal.kind === "open" && isLoopback(HOST))) return;
        const scope = REQUIREMENTS[route]?.scope;
        if (!scope) return; // a public route
        const name = senderName(request, principal);
        const result = takeRequest(principal, scope, name);
        set.headers["ratelimit-limit"] = String(result.limit);
        set.headers["ratelimit-remaining"] = String(result.remaining);
        set.headers["ratelimit-reset"] = String(result.reset_s);
        refuse(result);
        if (STREAMS.has(route)) takeSlot(request, "streams", name);
        if (UPLOADS.has(route)) takeSlot(request, "uploads", name);
      })
      .onAfterHandle({ as: "global" }, ({ request, responseValue }) => {
        const slot = slots.get(request);
        if (!slot || !(responseValue instanceof Response)) return;
        slot.isStreaming = onStreamEnd(responseValue, slot.release);
      })
      .onAfterResponse({ as: "global" }, ({ request }) => {
        const slot = slots.get(request);
        if (slot && !slot.isStreaming) slot.release();
      });

  /** Each signed address is a sender of its own, else all their readers would share one limit. */
  function senderName(request: Request, principal: Principal): string {
    if (principal.kind === "open") return known.get(request) ?? "local";
    if (principal.kind !== "signed") return principalName(principal);
    return `signed:${new URL(request.url).searchParams.get("sig")}`;
  }

  /** A rate of the key's own counts its requests of all scopes together. */
  function takeRequest(principal: Principal, scope: AccessScope, name: string): TokenResult {
    const { rate_per_minute } = principal;
    if (rate_per_minute !== null) return ownRates.take(name, rate_per_minute);
    return (principal.kind === "link" ? links : scopes[scope]).take(name);
  }

  function takeSlot(request: Request, kind: keyof typeof open, name: string): void {
    const counts = open[kind];
    const count = counts.get(name) ?? 0;
    if (count >= limits[kind]) {
      throw new AppError("too_many_at_once", { kind, limit: limits[kind], retry_after_s: 5 });
    }
    counts.set(name, count + 1);
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      const left = counts.get(name)! - 1;
      if (left > 0) counts.set(name, left);
      else counts.delete(name);
    };
    slots.set(request, { isStreaming: false, release });
    request.signal.addEventListener("abort", release, { once: true });
  }

  return { countFailures, beforeGuard, afterGuard };
}

const hasCredential = ({ headers }: Request) =>
  headers.has("authorization") || headers.has("x-api-key");

/** @throws AppError `rate_limited` */
function refuse({ isAllowed, limit, retry_after_s }: TokenResult): void {
  if (!isAllowed) throw new AppError("rate_limited", { limit_per_minute: limit, retry_after_s });
}
