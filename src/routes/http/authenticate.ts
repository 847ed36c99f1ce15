import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { Config } from "../../config";
import { credentialEnded, type KeyRing } from "../../db/access/key-ring";
import type { ActiveApiKey } from "../../db/access/keys";
import { type UserDirectory, X_USER_ID } from "../../db/access/users";
import { AppError } from "../../errors";
import { ANONYMOUS, OPEN, type Principal, SCOPES } from "../../principal";
import { CLOCK_TOLERANCE_S, type TokenVerifier } from "../../providers/oidc";
import { matchesHash, sha256 } from "../../text/api-key";

export type AuthDeps = {
  keys: KeyRing;
  users: UserDirectory;
  /** Null without OIDC_ISSUER. */
  oidc: TokenVerifier | null;
  config: Pick<Config, "AUTH" | "BOOTSTRAP_API_KEY" | "HOST" | "OIDC_ISSUER">;
};

/** A principal, and the end of its credential. */
export type Authenticated = {
  principal: Principal;
  /**
   * Aborted with an AppError when the key is revoked or the token expires. For streams, which outlast the
   * check.
   */
  ended(): AbortSignal;
};

/** The key id of BOOTSTRAP_API_KEY in lists and logs. Ids in the database have 8 characters. */
const BOOTSTRAP_ID = "bootstrap";
const NEVER = () => new AbortController().signal;
/** Timers of more milliseconds would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** The requests of all tokens with the same expiry share one timer. */
const TOKEN_ENDS = new Map<number, AbortSignal>();

/** @param seconds since 1970 */
function endAt(seconds: number): AbortSignal {
  const known = TOKEN_ENDS.get(seconds);
  if (known) return known;
  const end = new AbortController();
  const left = Math.max(0, Math.min(seconds * 1_000 - Date.now(), MAX_TIMER_MS));
  const expire = () => {
    TOKEN_ENDS.delete(seconds);
    end.abort(credentialEnded());
  };
  setTimeout(expire, left).unref();
  TOKEN_ENDS.set(seconds, end.signal);
  return end.signal;
}

/** True when HOST is reachable from this machine only. Names other than localhost can mean any address. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, "");
  if (address === "localhost" || address === "127.0.0.1") return true;
  return isIP(address) > 0 && ipaddr.process(address).range() === "loopback";
}

/** True when every caller can do everything: AUTH=off, or a loopback address and no key or login at all. */
export async function isOpen({
  config,
  keys,
}: Pick<AuthDeps, "config" | "keys">): Promise<boolean> {
  if (config.AUTH === "off") return true;
  if (config.BOOTSTRAP_API_KEY || config.OIDC_ISSUER || !isLoopback(config.HOST)) return false;
  return !(await keys.everCreated());
}

/**
 * Finds out who sends a request. It needs no query, except for the first request of a user.
 *
 * @throws AppError `unauthenticated` with the reason, `identity_provider_unavailable`; the error of the database if it is needed and unavailable
 */
export function openAuthenticator(deps: AuthDeps) {
  const { keys, users, oidc, config } = deps;
  const bootstrapHash =
    config.BOOTSTRAP_API_KEY && sha256(config.BOOTSTRAP_API_KEY).toString("hex");

  return async (request: Request): Promise<Authenticated> => {
    if (await isOpen(deps)) {
      return { principal: OPEN, ended: NEVER };
    }
    const credential = readCredential(request);
    if (credential === null) return { principal: ANONYMOUS, ended: NEVER };
    const key = await findKey(credential);
    if (key) return key;
    if (oidc && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(credential)) return fromToken(oidc, credential);
    throw new AppError("unauthenticated", { message: "The key is unknown, expired or revoked" });
  };

  async function findKey(credential: string): Promise<Authenticated | null> {
    if (bootstrapHash && matchesHash(credential, bootstrapHash)) {
      const all = { scopes: [...SCOPES], course_ids: null, rate_per_minute: null };
      return { principal: toKeyPrincipal({ key_id: BOOTSTRAP_ID, ...all }), ended: NEVER };
    }
    const key = await keys.find(credential);
    if (!key) return null;
    const ofKey = toKeyPrincipal(key);
    const { link_user_id: user_id } = key;
    const principal = user_id === null ? ofKey : { ...ofKey, kind: "link" as const, user_id };
    return { principal, ended: () => key.ended };
  }

  async function fromToken(verifier: TokenVerifier, token: string): Promise<Authenticated> {
    const { scopes, course_ids, expires, ...identity } = await verifier.verify(token);
    const user_id = await users.identify(identity);
    const ended = () => endAt(expires + CLOCK_TOLERANCE_S);
    const principal: Principal = {
      kind: "user",
      scopes,
      course_ids,
      user_id,
      key_id: null,
      rate_per_minute: null,
    };
    return { principal, ended };
  }
}

/**
 * The user for whom the holder of a key asks: `X-User-Id`. It owns new conversations, and the key has the
 * conversations of this user only.
 *
 * @throws AppError `request_invalid`
 */
export async function identifyNamedUser(
  request: Request,
  users: UserDirectory,
): Promise<string | null> {
  const subject = request.headers.get(X_USER_ID);
  if (subject === null) return null;
  if (!/^[^\p{Cc}]{1,200}$/u.test(subject)) {
    const fields = [{ path: X_USER_ID, message: "must have 1 to 200 printable characters" }];
    throw new AppError("request_invalid", { fields });
  }
  return users.identify({ issuer: X_USER_ID, subject, email: null, display_name: null });
}

const toKeyPrincipal = ({
  key_id,
  scopes,
  course_ids,
  rate_per_minute,
}: Omit<ActiveApiKey, "hashed_key" | "link_user_id">): Principal => ({
  kind: "key",
  scopes,
  course_ids,
  user_id: null,
  key_id,
  rate_per_minute,
});

/** The key or token of a request; null without one. The query string is never read: it ends in logs. */
function readCredential({ headers }: Request): string | null {
  // First, because the Authorization header can be for a proxy with a login of its own.
  const key = headers.get("x-api-key");
  if (key !== null) return key;
  const authorization = headers.get("authorization");
  if (authorization === null) return null;
  const [, credential] = /^Bearer +(\S+)$/i.exec(authorization.trim()) ?? [];
  if (credential) return credential;
  const message = "The Authorization header must be: Bearer, a space, and the key or token";
  throw new AppError("unauthenticated", { message });
}
