import { type Config, loadClientConfig } from "../config";
import { AppError, ERRORS, type ErrorCode } from "../errors";
import { parseJson } from "../text/parse-json";

const TIMEOUT_MS = 30_000;

/**
 * Sends a request to a running server and returns the JSON of its response; undefined for an empty one.
 *
 * @param path  with the query, such as `/api/keys`
 * @throws AppError the server's error, or `config_invalid` when no Lectern answers
 */
export type ServerClient = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** The client of the server at `url`. */
function openServerClient(url: string, key: string | undefined): ServerClient {
  return async (method, path, body) => {
    const headers = new Headers(key ? { authorization: `Bearer ${key}` } : {});
    if (body !== undefined) headers.set("content-type", "application/json");
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(new URL(path, url), {
      ...init,
      method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw noServerAt(url, cause);
    });
    const text = await response.text();
    const result = parseJson(text);
    if (response.ok) return result;
    throw toError(url, response.status, result);
  };
}

/** The client of the server that LECTERN_URL names; null when it is unset. */
export function clientOfLecternUrl(): ServerClient | null {
  const { LECTERN_URL, LECTERN_API_KEY } = loadClientConfig();
  return LECTERN_URL ? openServerClient(LECTERN_URL, LECTERN_API_KEY) : null;
}

/** The client of the server that these settings start, on this machine. */
export function clientOfOwnServer(config: Config): ServerClient {
  const key = loadClientConfig().LECTERN_API_KEY ?? config.BOOTSTRAP_API_KEY;
  return openServerClient(addressOf(config), key);
}

/**
 * The address on this machine of the server that these settings start.
 *
 * @throws AppError `config_invalid` with port 0, for which the system chooses a port that only the log of the server shows
 */
export function addressOf(config: Config): string {
  const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[config.HOST] ?? config.HOST;
  const { name, port } = portOf(config);
  if (port === 0) {
    const problem = "0 lets the system choose a port: set it to the port in the log of the server";
    throw new AppError("config_invalid", { problems: { [name]: [problem] } });
  }
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The port of the role, with its setting. 0: the system chooses one. */
export function portOf({ ROLE, PORT, WORKER_PORT }: Config) {
  return ROLE === "worker"
    ? { name: "WORKER_PORT", port: WORKER_PORT }
    : { name: "PORT", port: PORT };
}

/** A hung server accepts the connection and sends nothing. */
const LIVE_TIMEOUT_MS = 2_000;

/** Whether a Lectern runs at that address, ready or not. */
export async function answersLive(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(LIVE_TIMEOUT_MS);
    const response = await fetch(new URL("/api/health/live", url), { signal });
    return typeof ((await response.json()) as { status?: unknown }).status === "string";
  } catch {
    return false;
  }
}

type Problem = {
  code: ErrorCode;
  detail?: string;
  details?: { fields?: { path: string; message: string }[] };
};

function toError(url: string, status: number, result: unknown): AppError {
  const { code, detail, details } = (result ?? {}) as Partial<Problem>;
  if (!code || !Object.hasOwn(ERRORS, code)) return noServerAt(url, new Error(`status ${status}`));
  const problems = Object.groupBy(details?.fields ?? [], ({ path }) => path);
  const messages = Object.entries(problems).map(([path, fields]) => [
    path,
    fields?.map(({ message }) => message),
  ]);
  const advice =
    "set LECTERN_API_KEY or BOOTSTRAP_API_KEY to a key of the server with the scope admin";
  return new AppError(code, {
    ...(detail && { message: detail }),
    ...(messages.length > 0 && { problems: Object.fromEntries(messages) }),
    ...([401, 403].includes(status) && { advice }),
  });
}

function noServerAt(url: string, cause: unknown): AppError {
  const message = `No Lectern answers at ${url}: set LECTERN_URL, or HOST and PORT, to the address of the running server`;
  return new AppError("config_invalid", { message }, { cause });
}
