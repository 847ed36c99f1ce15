import { isIP } from "node:net";
import { AppError } from "../../errors";

type Settings = { PUBLIC_URL?: string | undefined; CORS_ORIGINS: string[] };

/** How others reach this server: as the settings say, else as this request addressed it. */
export const ownOrigin = (request: Request, { PUBLIC_URL }: Pick<Settings, "PUBLIC_URL">): string =>
  new URL(PUBLIC_URL ?? request.url).origin;

/**
 * Refuses pages of other origins, which a browser lets send requests even where it hides the answers.
 *
 * A page may have the address asked for its origin because somebody's DNS says so for a moment (DNS
 * rebinding). So a name counts as ours only when PUBLIC_URL says it; an IP address or `localhost` is
 * in nobody's gift.
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
