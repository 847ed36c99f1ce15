import { dirname, join } from "node:path";
import { Elysia } from "elysia";
import { z } from "zod";
import { readStaticFile, type StaticFile, serveStaticFile } from "./static-files";

const LIBRARY = dirname(Bun.resolveSync("swagger-ui-dist/package.json", import.meta.dir));
const PAGE = join(import.meta.dir, "../../../public/swagger");
const FOLDERS = {
  "swagger-ui-bundle.js": LIBRARY,
  "swagger-ui.css": LIBRARY,
  "page.js": PAGE,
  "page.css": PAGE,
};
type AssetName = keyof typeof FOLDERS;

/** Swagger UI writes styles into its elements, and has its arrows as `data:`. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Swagger UI at /swagger from local files. Its addresses are relative, so that a proxy can add a path. */
export const swaggerUi = () => {
  const files = new Map<string, Promise<StaticFile>>();
  /** The files of the library have 1.9 MB, so they are read with the first visit. */
  const read = (path: string) => {
    const reading = files.get(path) ?? readStaticFile(path);
    files.set(path, reading);
    return reading;
  };
  const serve = async (path: string, request: Request, cache: string) =>
    serveStaticFile(await read(path), request, {
      "cache-control": cache,
      "content-security-policy": POLICY,
    });
  return new Elysia({ name: "swagger-ui" })
    .get(
      "/swagger",
      ({ request }) =>
        new URL(request.url).pathname.endsWith("/")
          ? new Response(null, { status: 307, headers: { location: "../swagger" } })
          : serve(join(PAGE, "index.html"), request, "no-cache"),
      { detail: { hide: true } },
    )
    .get(
      "/swagger/assets/:file",
      ({ params: { file }, request }) =>
        serve(join(FOLDERS[file], file), request, "public, max-age=86400"),
      {
        params: z.object({ file: z.enum(Object.keys(FOLDERS) as [AssetName, ...AssetName[]]) }),
        detail: { hide: true },
      },
    );
};
