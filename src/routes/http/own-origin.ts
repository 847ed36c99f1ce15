import { isIP } from "node:net";
import { AppError } from "../../errors";

type Settings = { PUBLIC_URL?: string | undefined; CORS_ORIGINS: string[] };

/** The public address of this server: PUBLIC_URL, or else the address of this request. */
export const ownOrigin = (request: Request, { PUBLIC_URL }: Pick<Settings, "PUBLIC_URL">): string =>
  new URL(PUBLIC_URL ?? request.url).origin;

/**
 * Refuses requests from pages of other origins: browsers send them, even if they hide the response.
 *
 * With DNS rebinding, an attacker's name resolves to this server, so the page's origin equals the
 * requested address. A host name is therefore accepted only from PUBLIC_URL. IP addresses and
 * `localhost` are accepted, because an attacker cannot own them.
 *
 * @throws AppError `origin_not_allowed`
 */
export function refuseForeignOrigin(request: Request, settings: Settings): void {
  const origin = request.headers.get("origin");
  if (origin === null || settings.CORS_ORIGINS.includes(origin)) return;
  const own = new URL(ownOrigin(request, settings));
  const host = own.hostname.replace(/^\[|\]$/g, "");
  const isCertain = settings.PUBLIC_URL !== undefined || isIP(host) > 0 || host === "localhost";
  if (!isCertain || origin !== own.origin) throw new AppError("origin_not_allowed");
}
