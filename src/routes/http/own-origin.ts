import { Elysia } from "elysia";
import type { Config } from "../../config";
import { AppError } from "../../errors";
import { isLoopback } from "./authenticate";

type OriginSettings = Pick<Config, "HOST" | "PUBLIC_URL" | "CORS_ORIGINS">;

/** The public address of this server: PUBLIC_URL, or else the address of this request. */
export const ownOrigin = (
  request: Request,
  { PUBLIC_URL }: { PUBLIC_URL?: string | undefined },
): string => new URL(PUBLIC_URL ?? request.url).origin;

/**
 * The public address of this server without a slash at the end: PUBLIC_URL with its path, which a proxy
 * can add in front of ours, or else the origin of this request.
 */
export const ownBaseUrl = (
  request: Request,
  { PUBLIC_URL }: { PUBLIC_URL?: string | undefined },
): string => {
  const { origin, pathname } = new URL(PUBLIC_URL ?? request.url);
  return PUBLIC_URL === undefined ? origin : origin + pathname.replace(/\/+$/, "");
};

/**
 * Refuses requests from pages of other origins, on every route and for every method, before anything
 * else is done. Browsers send such requests even if they hide the response. It also sets the headers
 * that stop other pages from embedding or guessing our responses.
 */
export const originGuard = (settings: OriginSettings) =>
  new Elysia({ name: "origin-guard" }).onRequest(({ request, set }) => {
    set.headers["x-content-type-options"] = "nosniff";
    set.headers["referrer-policy"] = "no-referrer";
    // Pages of CORS_ORIGINS can also show our page images.
    set.headers["cross-origin-resource-policy"] =
      settings.CORS_ORIGINS.length > 0 ? "cross-origin" : "same-origin";
    refuseMissingHost(request);
    refuseForeignHost(request, settings);
    refuseForeignOrigin(request, settings);
    refuseEmbedding(request, settings);
  });

/** HTTP/1.0 allows requests without a Host; their address is only a path, which cannot be checked. */
function refuseMissingHost(request: Request): void {
  if (URL.canParse(request.url)) return;
  throw new AppError("host_not_allowed", { message: "Send a Host header, as HTTP/1.1 requires" });
}

/**
 * With DNS rebinding, the name of another site resolves to this machine, so its pages have the same
 * origin as this server. A server on loopback therefore has no names except `localhost` and the one of
 * PUBLIC_URL. On other addresses names are not checked, because the server needs a key there.
 */
function refuseForeignHost(request: Request, { HOST, PUBLIC_URL }: OriginSettings): void {
  if (!isLoopback(HOST)) return;
  const { hostname } = hostOf(request);
  if (isLoopback(hostname)) return;
  if (PUBLIC_URL !== undefined && hostname === new URL(PUBLIC_URL).hostname) return;
  throw new AppError("host_not_allowed", {
    message: `Open this server as localhost, or set PUBLIC_URL to its address to use the name ${hostname}`,
  });
}

/** Programs send no Origin. Browsers send none for links and images. */
function refuseForeignOrigin(request: Request, { PUBLIC_URL, CORS_ORIGINS }: OriginSettings): void {
  const origin = request.headers.get("origin");
  if (origin === null || CORS_ORIGINS.includes(origin) || CORS_ORIGINS.includes("*")) return;
  if (PUBLIC_URL !== undefined && origin === new URL(PUBLIC_URL).origin) return;
  // The scheme is not compared: a proxy can receive https and send http.
  const url = URL.parse(origin);
  const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
  if (isWeb && url.host === hostOf(request, url.protocol).host) return;
  throw new AppError("origin_not_allowed");
}

/**
 * Images, scripts and similar requests of other pages have no Origin, but browsers state the relation.
 * A server with a key or signed links decides by those.
 */
function refuseEmbedding(request: Request, { HOST, CORS_ORIGINS }: OriginSettings): void {
  if (!isLoopback(HOST) || CORS_ORIGINS.length > 0) return;
  const site = request.headers.get("sec-fetch-site") ?? "";
  const isForeign = site === "cross-site" || site === "same-site";
  const isLink = request.headers.get("sec-fetch-mode") === "navigate";
  if (isForeign && !isLink) throw new AppError("origin_not_allowed");
}

/** The requested host. A default port is removed by the scheme, as browsers do for origins. */
function hostOf(request: Request, scheme = "http:"): URL {
  const header = request.headers.get("host");
  const url = header === null ? new URL(request.url) : URL.parse(`${scheme}//${header}`);
  if (!url) throw new AppError("host_not_allowed", { message: "The Host header is not valid" });
  return url;
}
