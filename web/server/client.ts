import { createLecternClient, LecternError } from "@lectern/client";
import { strings } from "../text/strings";
import { BASE_URL } from "./base-url";
import { explainRefusal, findKey } from "./credential";

/** The client of this page's server. */
export const lectern = createLecternClient({ baseUrl: BASE_URL, apiKey: findKey });

const statusOf = (error: unknown): number | undefined =>
  error instanceof LecternError ? error.status : (error as { status?: number } | null)?.status;

/** True if the server refused the key, or the missing key. */
export const isKeyRefused = (error: unknown): boolean => statusOf(error) === 401;

/** The answers of a proxy while its server is away. The server's own have a problem as their body. */
const PROXY_STATUSES = new Set([502, 503, 504]);

const isProblem = (error: unknown): boolean =>
  error instanceof LecternError
    ? error.problem !== undefined
    : typeof (error as { payload?: unknown } | null)?.payload === "object";

/** True if a repetition can succeed: no connection, or a proxy without its server. */
export const isUnreachable = (error: unknown): boolean => {
  const status = statusOf(error);
  if (status !== undefined) return PROXY_STATUSES.has(status) && !isProblem(error);
  return error instanceof TypeError || error instanceof SyntaxError;
};

/** A failure in words for the reader. Replaces the browser's texts, which do not help. */
export function reasonOf(error: unknown): string {
  if (isKeyRefused(error)) return explainRefusal();
  const status = statusOf(error);
  if (isUnreachable(error)) return status ? strings.serverBusy : strings.serverUnreachable;
  const title = (error as { payload?: { title?: string } } | null)?.payload?.title;
  return title ?? (error instanceof Error ? error.message : String(error));
}
