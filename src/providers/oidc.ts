import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { AppError } from "../errors";
import { type AccessScope, SCOPES } from "../principal";
import { sha256 } from "../text/api-key";

/** Only signatures with the issuer's private key. `none` and shared secrets (HS…) are refused. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
];
/** Clocks of the issuer and of this server can differ by this much. */
export const CLOCK_TOLERANCE_S = 30;
const TIMEOUT_MS = 5_000;
/** A verified token is accepted without a new check of its signature for this time. */
const VERIFIED_MS = 60_000;
const MAX_VERIFIED = 5_000;
/** Longer tokens are refused without parsing; usual tokens have about 1 kB. */
const MAX_TOKEN_CHARS = 16_384;

export type OidcSettings = {
  issuer: string;
  audience: string;
  scopesClaim: string;
  /** The scopes of each value of the claim; `*` is every valid token. Empty: the values are our scopes. */
  scopesMap: ReadonlyMap<string, readonly AccessScope[]>;
  /** Undefined: every token reaches all courses. */
  coursesClaim: string | undefined;
  userClaim: string;
  /** Shortest time between two loads of the issuer's keys for an unknown key id. */
  keysCooldownMs?: number;
};

/** The claims of a valid token about its user. */
export type TokenIdentity = {
  issuer: string;
  subject: string;
  email: string | null;
  display_name: string | null;
  scopes: AccessScope[];
  /** Null: all courses. */
  course_ids: string[] | null;
  /** Seconds since 1970. */
  expires: number;
};

export type TokenVerifier = {
  /**
   * Checks the signature, issuer, audience and time of a token.
   *
   * @throws AppError `unauthenticated` with the reason, `identity_provider_unavailable`
   */
  verify(token: string): Promise<TokenIdentity>;
};

/** Accepts the tokens of one OIDC issuer. Its keys are found by discovery, cached, and loaded again when rotated. */
export function openOidc(settings: OidcSettings): TokenVerifier {
  const verified = new Map<string, { identity: TokenIdentity; until: number }>();
  let discovered: Promise<Issuer> | undefined;
  const issuer = () => {
    discovered ??= discover(settings).catch((error) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  };

  return {
    async verify(token) {
      if (token.length > MAX_TOKEN_CHARS) throw refused("the token is too long");
      const digest = sha256(token).toString("base64");
      const known = verified.get(digest);
      if (known && known.until > Date.now()) return known.identity;
      const { name, keys } = await issuer();
      const payload = await check(token, keys, { name, audience: settings.audience });
      const identity = toIdentity(payload, name, settings);
      if (verified.size >= MAX_VERIFIED) verified.delete(verified.keys().next().value!);
      const until = Math.min(Date.now() + VERIFIED_MS, identity.expires * 1_000);
      verified.set(digest, { identity, until });
      return identity;
    },
  };
}

type Issuer = { name: string; keys: JWTVerifyGetKey };

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

async function discover({ issuer, keysCooldownMs = 10_000 }: OidcSettings): Promise<Issuer> {
  const base = issuer.replace(/\/$/, "");
  let found: z.infer<typeof Discovery>;
  try {
    const response = await fetch(`${base}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`discovery returned ${response.status}`);
    found = Discovery.parse(await response.json());
    if (found.issuer.replace(/\/$/, "") !== base) {
      throw new Error(`the issuer calls itself ${found.issuer}: set OIDC_ISSUER to that`);
    }
    if (base.startsWith("https:") && !found.jwks_uri.startsWith("https:")) {
      throw new Error(`the issuer publishes its keys without https: ${found.jwks_uri}`);
    }
  } catch (cause) {
    throw new AppError("identity_provider_unavailable", {}, { cause });
  }
  const keys = createRemoteJWKSet(new URL(found.jwks_uri), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: keysCooldownMs,
  });
  return { name: found.issuer, keys };
}

async function check(
  token: string,
  keys: JWTVerifyGetKey,
  { name, audience }: { name: string; audience: string },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: name,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ["exp"],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw expired(error);
    if (isRefusal(error)) throw refused(error.message, error);
    throw new AppError("identity_provider_unavailable", {}, { cause: error });
  }
}

/** The token is at fault; other errors come from loading the issuer's keys. */
const isRefusal = (error: unknown): error is errors.JOSEError =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout) &&
  error.code !== "ERR_JOSE_GENERIC" &&
  error.code !== "ERR_JWKS_INVALID";

const refused = (message: string, cause?: unknown) =>
  new AppError("unauthenticated", { message: `The token is refused: ${message}` }, { cause });

/** The signature is right, because it is checked before the time. */
const expired = (cause: errors.JWTExpired) =>
  new AppError(
    "unauthenticated",
    { message: "The token has expired: log in again", expired: true },
    { cause },
  );

function toIdentity(payload: JWTPayload, issuer: string, settings: OidcSettings): TokenIdentity {
  const { scopesClaim, scopesMap, coursesClaim, userClaim } = settings;
  const subject = readClaim(payload, userClaim);
  if (typeof subject !== "string" || !isStorableName(subject)) {
    throw refused(`its claim ${userClaim} is not the name of a user`);
  }
  const values = toList(readClaim(payload, scopesClaim));
  const granted =
    scopesMap.size > 0 ? [...values, "*"].flatMap((value) => scopesMap.get(value) ?? []) : values;
  const scopes = SCOPES.filter((scope) => granted.includes(scope));
  const isLimited = coursesClaim !== undefined && !scopes.includes("admin");
  return {
    issuer,
    subject,
    email: toText(payload.email),
    display_name: toText(payload.name),
    scopes,
    course_ids: isLimited ? toCourseIds(readClaim(payload, coursesClaim)) : null,
    expires: payload.exp!,
  };
}

/** A claim by its name, or by the path to a nested one. Names with dots, such as URLs, are tried first. */
function readClaim(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  return path
    .split(".")
    .reduce<unknown>(
      (node, name) =>
        typeof node === "object" && node !== null && Object.hasOwn(node, name)
          ? (node as Record<string, unknown>)[name]
          : undefined,
      payload,
    );
}

/** A claim is a list, or one text with spaces between its values. */
function toList(claim: unknown): string[] {
  if (typeof claim === "string") return claim.split(/[\s,]+/).filter(Boolean);
  return Array.isArray(claim) ? claim.filter((value) => typeof value === "string") : [];
}

const toCourseIds = (claim: unknown): string[] =>
  toList(claim)
    .map((id) => id.toLowerCase())
    .filter((id) => z.guid().safeParse(id).success);

/** A subject is never shortened or changed: two people could then be one user. */
const isStorableName = (subject: string) =>
  subject !== "" && subject.length <= MAX_NAME && !subject.includes("\0") && subject.isWellFormed();

/** The longest email address, in characters. */
const MAX_NAME = 320;

const toText = (claim: unknown): string | null =>
  typeof claim === "string" && claim !== "" && !claim.includes("\0")
    ? claim.slice(0, MAX_NAME)
    : null;
