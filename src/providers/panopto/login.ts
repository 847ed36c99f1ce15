import { z } from "zod";
import { AppError } from "../../errors";
import type { Fetched, GuardedFetch } from "../../media/fetch/guarded-fetch";
import { toServerFailure } from "../../media/fetch/response-status";
import type { Patience } from "../../media/fetch/retries";
import { parseJson } from "../../text/parse-json";

/** An API client of the kind "user based server application", and the user it acts for. */
export type PanoptoClient = {
  clientId: string;
  clientSecret: string;
  username: string;
  password: string;
};

export type PanoptoLogin = {
  /** Whether any sign-in is configured. */
  readonly isConfigured: boolean;
  /**
   * Sends a request with the login of a site. If Panopto still requires a login, logs in again and
   * repeats the request once.
   */
  ask<T>(
    origin: string,
    question: (credentials: Record<string, string>) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
};

const MAX_BYTES = 1024 ** 2;
const Token = z.object({ access_token: z.string().min(1) });

/**
 * Logs in to Panopto sites: without a login, with a configured cookie, or as an API client.
 *
 * Panopto limits how often a client can log in, so its cookie is shared by all callers, and callers
 * that find it expired at the same time renew it together.
 */
export function openPanoptoLogin(options: {
  fetch: GuardedFetch;
  cookie?: string;
  client?: PanoptoClient;
  patience: Patience;
}): PanoptoLogin {
  const { cookie, client } = options;
  const cookies = new Map<string, Promise<string>>();

  /** The shared cookie of a site; logs in if there is no cookie or only the expired one. */
  const cookieOf = (origin: string, signal: AbortSignal, wornOut?: Promise<string>) => {
    const known = cookies.get(origin);
    if (known && known !== wornOut) return known;
    const fresh = logIn(origin, client!, { ...options, signal });
    cookies.set(origin, fresh);
    // A refusal is remembered: asking again with every page could lock the account.
    fresh.catch((error: unknown) => {
      if (!isLoginRequired(error) && cookies.get(origin) === fresh) cookies.delete(origin);
    });
    return fresh;
  };

  return {
    isConfigured: Boolean(cookie || client),
    ask: async (origin, question, signal) => {
      if (!client && !cookie) return question({});
      if (!client) return question({ cookie: toCookie(cookie!) }).catch(explained(COOKIE_REFUSED));

      const isNew = !cookies.has(origin);
      const first = cookieOf(origin, signal);
      // Another university's site does not know our client, but it can have public sessions.
      const issued = await first.catch(undefinedIfRefused);
      try {
        return await question(issued ? { cookie: issued } : {});
      } catch (error) {
        if (!isLoginRequired(error)) throw error;
        const wasRefusedJustNow = isNew && !issued;
        const renewed = await (wasRefusedJustNow ? first : cookieOf(origin, signal, first));
        return await question({ cookie: renewed }).catch(explained(USER_REFUSED));
      }
    },
  };
}

const isLoginRequired = (error: unknown) =>
  error instanceof AppError && error.errorCode === "panopto_login_required";

function undefinedIfRefused(error: unknown): undefined {
  if (!isLoginRequired(error)) throw error;
}

const COOKIE_REFUSED =
  "Panopto does not accept PANOPTO_COOKIE here: it expired, or its owner has no access to the recording. Set a new one, or upload the audio";
const USER_REFUSED =
  "The user in PANOPTO_USERNAME has no access to the recording: ask its owner, or upload the audio";
const CLIENT_REFUSED =
  "Panopto refuses the API client: check PANOPTO_CLIENT_ID, PANOPTO_CLIENT_SECRET, PANOPTO_USERNAME and PANOPTO_PASSWORD, or upload the audio";

/** Describes the fault of a configured sign-in. */
const explained = (message: string) => (error: unknown) => {
  if (!isLoginRequired(error)) throw error;
  throw new AppError("panopto_login_required", { message }, { cause: error });
};

/** People copy the value of `.ASPXAUTH`, or the whole Cookie header, and the end of the line with it. */
const toCookie = (text: string) => (text.includes("=") ? text.trim() : `.ASPXAUTH=${text.trim()}`);

type LoginTools = { fetch: GuardedFetch; patience: Patience; signal: AbortSignal };

/** REST describes sessions but serves no media: its token only buys the cookie of the web pages. */
async function logIn(origin: string, client: PanoptoClient, tools: LoginTools): Promise<string> {
  const token = await fetchToken(origin, client, tools);
  const fetched = await call(`${origin}/Panopto/api/v1/auth/legacyLogin`, tools, {
    headers: { authorization: `Bearer ${token}` },
  });
  fetched.discard();
  // ASP.NET can first remove an earlier cookie with an empty one, so the last non-empty one counts.
  const cookie = fetched.headers.getSetCookie().findLast((line) => /^\.ASPXAUTH=[^;]/.test(line));
  if (!cookie) throw loginFailure(fetched);
  return cookie.split(";")[0]!;
}

async function fetchToken(
  origin: string,
  { clientId, clientSecret, username, password }: PanoptoClient,
  tools: LoginTools,
): Promise<string> {
  const form = new URLSearchParams({ grant_type: "password", username, password, scope: "api" });
  const fetched = await call(`${origin}/Panopto/oauth2/connect/token`, tools, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: form.toString(),
  });
  const token = Token.safeParse(parseJson(await fetched.text()));
  if (fetched.status !== 200 || !token.success) throw loginFailure(fetched);
  return token.data.access_token;
}

function call(
  url: string,
  { fetch, patience, signal }: LoginTools,
  request: { method?: "POST"; headers: Record<string, string>; body?: string },
): Promise<Fetched> {
  const limits = { ...patience, maxBytes: MAX_BYTES, maxHops: 0 };
  return fetch(url, { ...request, ...limits, reach: "listed", signal });
}

function loginFailure(fetched: Fetched): AppError {
  if (fetched.status === 429 || fetched.status >= 500) return toServerFailure(fetched);
  return new AppError("panopto_login_required", { message: CLIENT_REFUSED });
}
