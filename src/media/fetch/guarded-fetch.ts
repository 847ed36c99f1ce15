import { AppError } from "../../errors";
import { isPublicAddress, literalAddress, type Resolve, resolveWithSystem } from "./addresses";
import { openHostRules } from "./host-rules";
import { openWatch, type Watch } from "./watch";

export type GuardedRequest = {
  method?: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string;
  /** `listed`: allow-listed hosts only. `public`: any public host over https as well. */
  reach: "listed" | "public";
  /** Redirects to follow; a redirect beyond them, or after a POST, is handed back as it is. */
  maxHops?: number;
  /** Most bytes of body to accept. */
  maxBytes: number;
  /** Longest time for the whole exchange, body included. */
  timeoutMs: number;
  /** Longest silence before the headers and in the body; less than a kilobyte a second is silence too. */
  stallMs: number;
  signal: AbortSignal;
};

export type Fetched = {
  /** Where the answer came from, after redirects. */
  url: URL;
  status: number;
  headers: Headers;
  /** Read it to its end, leave the loop early, or `discard()` it: all three free the connection. */
  body: AsyncIterable<Uint8Array>;
  text(): Promise<string>;
  discard(): void;
};

/**
 * Fetches an address that somebody else chose.
 *
 * @throws AppError `address_blocked`, `fetch_timeout`, `fetch_too_large`, `provider_unavailable`,
 *         or the signal's own reason when it is aborted
 */
export type GuardedFetch = (address: string | URL, request: GuardedRequest) => Promise<Fetched>;

const MAX_HOPS = 5;
/** Nothing was sent yet, so the next address may be asked the same. */
const NEVER_CONNECTED = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"];
const CREDENTIALS = /^(cookie|authorization)$/i;

/**
 * The only door to hosts that a user or a foreign answer names.
 *
 * A host is resolved once per hop, every address it resolves to must be permitted, and the
 * connection goes to one of exactly those: a second, different DNS answer is never asked for.
 * Redirects are checked like first addresses, and credentials stop at the first origin.
 */
export function openGuardedFetch(options: {
  /** See `openHostRules`. */
  allowedHosts: string[];
  resolve?: Resolve;
}): GuardedFetch {
  const { allowedHosts, resolve = resolveWithSystem } = options;
  const listing = openHostRules(allowedHosts);

  return async (address, request) => {
    const watch = openWatch(request);
    try {
      let url = parseAddress(address);
      let headers = request.headers ?? {};
      for (let hop = 0; ; hop++) {
        const addresses = await permittedAddresses(url, request.reach, { listing, resolve, watch });
        const response = await connect(url, addresses, { ...request, headers }, watch);
        watch.beat();
        const target = redirectTarget(url, response, request);
        if (!target || hop === (request.maxHops ?? MAX_HOPS)) {
          return toFetched(url, response, request, watch);
        }
        await response.body?.cancel();
        if (target.origin !== url.origin) headers = withoutCredentials(headers);
        url = target;
      }
    } catch (error) {
      watch.close();
      throw toFailure(error, watch);
    }
  };
}

/** Refuses what URL parsers disagree about before one of them gets to see it. */
function parseAddress(address: string | URL): URL {
  const text = String(address);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  const isOdd = /[\\\u0000-\u0020\u007f]/.test(text);
  const url = isOdd ? null : URL.parse(text);
  if (!url || url.username || url.password || url.hostname.endsWith(".")) {
    throw new AppError("address_blocked", { reason: "not a plain web address" });
  }
  return url;
}

async function permittedAddresses(
  url: URL,
  reach: GuardedRequest["reach"],
  {
    listing,
    resolve,
    watch,
  }: { listing: ReturnType<typeof openHostRules>; resolve: Resolve; watch: Watch },
): Promise<string[]> {
  const blocked = (reason: string) => new AppError("address_blocked", { host: url.host, reason });
  const listed = listing(url);
  const isWeb = url.protocol === "https:" || (listed === "private" && url.protocol === "http:");
  if (!isWeb) throw blocked("only https is allowed");
  if (!listed && reach === "listed") throw blocked("the host is not in the allow-list");
  if (!listed && url.port !== "") throw blocked("only the usual https port is allowed");

  const literal = literalAddress(url.hostname);
  const addresses = literal ? [literal] : await watch.race(resolve(url.hostname));
  if (listed !== "private" && !addresses.every(isPublicAddress)) {
    throw blocked("the host has an address that is not public");
  }
  if (addresses.length === 0) throw new AppError("provider_unavailable", { host: url.host });
  return addresses;
}

/** Connects to the vetted addresses in turn; the name stays in the Host header and in TLS. */
async function connect(
  url: URL,
  addresses: string[],
  { method = "GET", headers, body }: Pick<GuardedRequest, "method" | "headers" | "body">,
  watch: Watch,
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
        signal: watch.signal,
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

function toFetched(url: URL, response: Response, request: GuardedRequest, watch: Watch): Fetched {
  const { status, headers } = response;
  const announcedBytes = Number(headers.get("content-length") ?? 0);
  if (announcedBytes > request.maxBytes) throw tooLarge(url, request.maxBytes);

  const body = watchedBody(url, response, request.maxBytes, watch);
  return {
    url,
    status,
    headers,
    body,
    text: async () => Buffer.concat(await Array.fromAsync(body)).toString("utf8"),
    discard: watch.close,
  };
}

async function* watchedBody(url: URL, response: Response, maxBytes: number, watch: Watch) {
  let receivedBytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      receivedBytes += chunk.byteLength;
      if (receivedBytes > maxBytes) throw tooLarge(url, maxBytes);
      watch.pause(); // a slow disk of ours is not a stall of theirs
      yield chunk;
      watch.resume(chunk.byteLength);
    }
  } catch (error) {
    throw toFailure(error, watch);
  } finally {
    watch.close();
  }
}

const tooLarge = (url: URL, maxBytes: number) =>
  new AppError("fetch_too_large", { host: url.host, max_bytes: maxBytes });

function toFailure(error: unknown, watch: Watch): unknown {
  if (watch.expired) return watch.expired;
  if (error instanceof AppError) return error;
  const cause = (error as { code?: string }).code;
  return new AppError("provider_unavailable", { cause }, { cause: error });
}
