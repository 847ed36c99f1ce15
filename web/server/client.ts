import { createLecternClient, LecternError } from "@lectern/client";
import { fieldProblem, problemTitle } from "../text/problem-titles";
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

type SentProblem = { code?: string; title?: string };

/** The problem in an error of AG-UI's client, which leaves `application/problem+json` as text. */
function problemOf(error: unknown): SentProblem | undefined {
  if (error instanceof LecternError) return error.problem;
  const { payload } = Object(error) as { payload?: unknown };
  try {
    const body: unknown = typeof payload === "string" ? JSON.parse(payload) : payload;
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

/** True if a repetition can succeed: no connection, or a proxy without its server. */
export const isUnreachable = (error: unknown): boolean => {
  const status = statusOf(error);
  if (status !== undefined) return PROXY_STATUSES.has(status) && problemOf(error) === undefined;
  return error instanceof TypeError || error instanceof SyntaxError;
};

/** A failure in words for the reader. Replaces the browser's texts, which do not help. */
export function reasonOf(error: unknown): string {
  if (isKeyRefused(error)) return explainRefusal();
  const status = statusOf(error);
  if (isUnreachable(error)) return status ? strings.serverBusy : strings.serverUnreachable;
  const { code, title = "" } = problemOf(error) ?? {};
  const translated = problemTitle(code);
  if (error instanceof LecternError) {
    if (!translated) return error.message;
    const fields = error.problem?.details?.fields ?? [];
    return [translated, ...fields.map(fieldProblem)].join("; ");
  }
  return translated || title || (error instanceof Error ? error.message : String(error));
}
