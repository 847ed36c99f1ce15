import { AppError } from "../../errors";
import {
  isPublicAddress,
  literalAddress,
  NO_ADDRESS,
  parsePlainAddress,
  type Resolve,
  resolveWithSystem,
} from "./addresses";
import { openHostRules } from "./host-rules";
import { openTransferTimeout, type TransferTimeout } from "./transfer-timeout";

export type GuardedRequest = {
  method?: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string;
  /** `listed`: allow-listed hosts only. `public`: any public host over https as well. */
  reach: "listed" | "public";
  /** Redirects to follow; a redirect beyond them, or after a POST, is returned unchanged. */
  maxHops?: number;
  /** Maximum size of the body. */
  maxBytes: number;
  /** Longest time for the whole exchange, body included. */
  timeoutMs: number;
  /** Longest stall before the headers and in the body; less than a kilobyte a second counts as one. */
  stallMs: number;
  signal: AbortSignal;
};

export type Fetched = {
  /** The address of the response, after redirects. */
  url: URL;
  status: number;
  headers: Headers;
  /** Read it to its end, leave the loop early, or `discard()` it: all three free the connection. */
  body: AsyncIterable<Uint8Array>;
  text(): Promise<string>;
  discard(): void;
};

/**
 * Fetches an address that comes from a user or a foreign response.
 *
 * @throws AppError `address_blocked`, `fetch_timeout`, `fetch_too_large`, `provider_unavailable`,
 *         `fetch_interrupted` when the connection ends during the response, or the signal's own reason
 *         when it is aborted
 */
export type GuardedFetch = (address: string | URL, request: GuardedRequest) => Promise<Fetched>;

const MAX_HOPS = 5;
/** Nothing was sent yet, so the request can go to the next address. */
const NEVER_CONNECTED = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"];
const CREDENTIALS = /^(cookie|authorization)$/i;

/**
 * All requests to hosts that a user or a foreign response names go through this function.
 *
 * A host is resolved once per hop, every address it resolves to must be permitted, and the
 * connection uses one of exactly those, so a second DNS answer cannot differ (DNS rebinding).
 * Redirects are checked like first addresses. Credentials are sent to the first origin only.
 */
export function openGuardedFetch(options: {
  /** See `openHostRules`. */
  allowedHosts: string[];
  resolve?: Resolve;
}): GuardedFetch {
  const { allowedHosts, resolve = resolveWithSystem } = options;
  const listing = openHostRules(allowedHosts);

  return async (address, request) => {
    const timeout = openTransferTimeout(request);
    try {
      let url = parseAddress(address);
      let headers = request.headers ?? {};
      for (let hop = 0; ; hop++) {
        const addresses = await permittedAddresses(url, request.reach, {
          listing,
          resolve,
          timeout,
        });
        const response = await connect(url, addresses, { ...request, headers }, timeout);
        timeout.touch();
        const target = redirectTarget(url, response, request);
        if (!target || hop === (request.maxHops ?? MAX_HOPS)) {
          return toFetched(url, response, request, timeout);
        }
        await response.body?.cancel();
        if (target.origin !== url.origin) headers = withoutCredentials(headers);
        url = target;
      }
    } catch (error) {
      timeout.close();
      throw toFailure(error, timeout, "provider_unavailable");
    }
  };
}

function parseAddress(address: string | URL): URL {
  const url = parsePlainAddress(String(address));
  if (!url) throw new AppError("address_blocked", { reason: "not a plain web address" });
  return url;
}

async function permittedAddresses(
  url: URL,
  reach: GuardedRequest["reach"],
  {
    listing,
    resolve,
    timeout,
  }: { listing: ReturnType<typeof openHostRules>; resolve: Resolve; timeout: TransferTimeout },
): Promise<string[]> {
  const blocked = (reason: string) => new AppError("address_blocked", { host: url.host, reason });
  const listed = listing(url);
  const isWeb = url.protocol === "https:" || (listed === "private" && url.protocol === "http:");
  if (!isWeb) throw blocked("only https is allowed");
  if (!listed && reach === "listed") throw blocked("the host is not in the allow-list");
  if (!listed && url.port !== "") throw blocked("only the usual https port is allowed");

  const literal = literalAddress(url.hostname);
  const addresses = literal ? [literal] : await timeout.race(resolve(url.hostname));
  if (listed !== "private" && !addresses.every(isPublicAddress)) {
    throw blocked("the host has an address that is not public");
  }
  if (addresses.length === 0) {
    throw new AppError("provider_unavailable", { host: url.host, reason: NO_ADDRESS });
  }
  return addresses;
}

/** Connects to the permitted addresses in turn; the host name is kept in the Host header and in TLS. */
async function connect(
  url: URL,
  addresses: string[],
  { method = "GET", headers, body }: Pick<GuardedRequest, "method" | "headers" | "body">,
  timeout: TransferTimeout,
): Promise<Response> {
  const isNamed = url.protocol === "https:" && !literalAddress(url.hostname);
  for (const [index, address] of addresses.entries()) {
    const pinned = new URL(url);
    pinned.hostname = address.includes(":") ? `[${address}]` : address;
    try {
      return await fetch(pinned, {
        method,
        body,
        // Uncompressed, so that lengths and ranges mean bytes of the file.
        headers: { ...headers, host: url.host, "accept-encoding": "identity" },
        redirect: "manual",
        signal: timeout.signal,
        ...(isNamed && { tls: { serverName: url.hostname } }),
      });
    } catch (error) {
      const neverConnected = NEVER_CONNECTED.includes(String((error as { code?: string }).code));
      if (!neverConnected || index === addresses.length - 1) throw error;
    }
  }
  throw new AppError("provider_unavailable", { host: url.host });
}

function redirectTarget(url: URL, response: Response, request: GuardedRequest): URL | null {
  const location = response.headers.get("location");
  const isRedirect = [301, 302, 303, 307, 308].includes(response.status);
  if (!location || !isRedirect || request.method === "POST" || request.maxHops === 0) return null;
  return parseAddress(URL.parse(location, url) ?? "");
}

const withoutCredentials = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !CREDENTIALS.test(name)));

function toFetched(
  url: URL,
  response: Response,
  request: GuardedRequest,
  timeout: TransferTimeout,
): Fetched {
  const { status, headers } = response;
  const announcedBytes = Number(headers.get("content-length") ?? 0);
  if (announcedBytes > request.maxBytes) throw tooLarge(url, request.maxBytes);

  const body = timedBody(url, response, request.maxBytes, timeout);
  return {
    url,
    status,
    headers,
    body,
    text: async () => Buffer.concat(await Array.fromAsync(body)).toString("utf8"),
    discard: timeout.close,
  };
}

async function* timedBody(
  url: URL,
  response: Response,
  maxBytes: number,
  timeout: TransferTimeout,
) {
  let receivedBytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      receivedBytes += chunk.byteLength;
      if (receivedBytes > maxBytes) throw tooLarge(url, maxBytes);
      timeout.pause(); // our own slow disk is not a stall of the server
      yield chunk;
      timeout.resume(chunk.byteLength);
    }
  } catch (error) {
    throw toFailure(error, timeout, "fetch_interrupted");
  } finally {
    timeout.close();
  }
}

const tooLarge = (url: URL, maxBytes: number) =>
  new AppError("fetch_too_large", { host: url.host, max_bytes: maxBytes });

/** @param code  for a connection error: `fetch_interrupted` after the response has begun */
function toFailure(
  error: unknown,
  timeout: TransferTimeout,
  code: "provider_unavailable" | "fetch_interrupted",
): unknown {
  if (timeout.expired) return timeout.expired;
  if (error instanceof AppError) return error;
  const cause = (error as { code?: string }).code;
  return new AppError(code, { cause }, { cause: error });
}
