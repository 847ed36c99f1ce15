import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";
import { Glob } from "bun";
import { Elysia } from "elysia";
import { z } from "zod";
import { version } from "../../package.json";
import type { Config } from "../config";
import { recordBundle } from "../db/agui-assets";
import type { Sql } from "../db/client";
import { AppError } from "../errors";
import type { Log } from "../log";
import { type Principal, SCOPES } from "../principal";
import type { ChatModel } from "../providers/chat/chat-model";
import { principalOf } from "./http/auth";
import { ownBaseUrl } from "./http/own-origin";
import { readStaticFile, type StaticFile, serveStaticFile } from "./http/static-files";

const SHELL = "index.html";
/** A file name with a content hash: its content never changes. */
const HASHED = /[-.][0-9a-z]{8,}\.\w+$/i;
/**
 * The page loads nothing from other servers, except the player of recordings after a click.
 *
 * @param hosts of Panopto, also as `*.panopto.eu`
 */
const contentSecurityPolicy = (hosts: readonly string[]) =>
  [
    "default-src 'self'",
    "img-src 'self' data:",
    "style-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    ["frame-src", ...(hosts.length > 0 ? hosts.map((host) => `https://${host}`) : ["'none'"])].join(
      " ",
    ),
    "frame-ancestors 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "object-src 'none'",
  ].join("; ");

const AgUiConfig = z.object({
  api_base_url: z.string().describe("PUBLIC_URL, or else the address of the request"),
  copilotkit: z
    .object({ runtime_url: z.string(), agent: z.string() })
    .nullable()
    .describe(
      "Your CopilotKit runtime, as in COPILOTKIT_URL and COPILOTKIT_AGENT; null without one",
    ),
  endpoints: z.record(z.string(), z.string()),
  features: z
    .record(z.string(), z.boolean())
    .describe("written_answers: a model answers; sample_course: /ag-ui/sample has its material"),
  caller: z
    .object({
      kind: z.enum(["open", "key", "user", "link", "anonymous"]),
      scopes: z.array(z.enum(SCOPES)),
    })
    .describe("The sender of the request, as its key or token names it"),
  chat_model: z.string(),
  bundle_version: z.string(),
});

type AgUiRoutesDeps = { config: Config; db: Sql; log: Log; chatModel: ChatModel };

/** The page at /ag-ui. Its folder is read once at start, so requests cannot reach other files. */
export async function agUiRoutes({ config, db, log, chatModel }: AgUiRoutesDeps) {
  let err: unknown;
  const bundle = await readBundle(folderOf(config.AG_UI_DIR)).catch((error) => {
    err = error;
    return new Map<string, StaticFile>();
  });
  const checksum = checksumOf(bundle);
  // The record is for operators only: serve the page even if it cannot be written.
  await recordBundle(db, version, checksum).catch((err) =>
    log.warn({ err }, "bundle not recorded"),
  );
  if (!bundle.has(SHELL)) {
    const advice = "there is no page to serve: unset AG_UI_DIR, or name the folder of a built page";
    log.warn({ err, folder: config.AG_UI_DIR }, advice);
  }

  const sample = await readSample();
  for (const [path, file] of sample) bundle.set(path, file);

  const policy = contentSecurityPolicy(config.PANOPTO_ALLOWED_HOSTS);
  const asset = ({ params, request }: { params: { "*": string }; request: Request }) =>
    serve(bundle, decoded(params["*"]), request, policy);
  const shell = ({ request }: { request: Request }) => {
    const { pathname, search } = new URL(request.url);
    // The page's addresses are relative to `/ag-ui/`, so that a proxy can add a path in front of it. The
    // redirect is relative for the same reason.
    if (!pathname.endsWith("/")) {
      if (!bundle.has(SHELL)) throw new AppError("route_not_found");
      return new Response(null, { status: 307, headers: { location: `ag-ui/${search}` } });
    }
    return serve(bundle, SHELL, request, policy);
  };
  return (
    new Elysia({ tags: ["AG-UI"] })
      // Browsers request it for pages without an icon, such as /swagger.
      .get("/favicon.ico", () => new Response(null, { status: 204 }), { detail: { hide: true } })
      .get("/ag-ui", shell, { detail: { hide: true } })
      .get("/ag-ui/static/*", asset, { detail: { hide: true } })
      .get("/ag-ui/*", asset, { detail: { hide: true } })
      .get(
        "/api/agui/config",
        ({ request }) => ({
          api_base_url: ownBaseUrl(request, config),
          copilotkit: config.COPILOTKIT_URL
            ? { runtime_url: config.COPILOTKIT_URL, agent: config.COPILOTKIT_AGENT }
            : null,
          endpoints: {
            chat: "/api/chat",
            chat_stream: "/api/chat/stream",
            sessions: "/api/chat/sessions",
            courses: "/api/courses",
            retrieval: "/api/retrieval/query",
          },
          features: {
            written_answers: chatModel.kind === "model",
            sample_course: sample.length === SAMPLE_FILES.length,
          },
          caller: toCaller(principalOf(request)),
          chat_model: chatModel.name,
          bundle_version: checksum.slice(0, 12),
        }),
        {
          response: AgUiConfig,
          detail: { summary: "Get the settings of the chat page; they contain no secrets" },
        },
      )
  );
}

/** A malformed escape cannot name a file, so it is a 404. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new AppError("route_not_found");
  }
}

const folderOf = (folder: string) =>
  isAbsolute(folder) ? folder : join(import.meta.dir, "../..", folder);

async function readBundle(folder: string): Promise<Map<string, StaticFile>> {
  const bundle = new Map<string, StaticFile>();
  const files = new Glob("**/*").scan({ cwd: folder, dot: false, followSymlinks: false });
  for await (const path of files) bundle.set(path, await readStaticFile(join(folder, path)));
  return bundle;
}

/** The material of the sample course, which the page uploads when the visitor asks for it. */
const SAMPLE_FILES = ["slides.pdf", "lecture/captions.srt"];

/** Empty for an installation without the examples. */
async function readSample(): Promise<[string, StaticFile][]> {
  const folder = join(import.meta.dir, "../../examples/course");
  const read = async (path: string): Promise<[string, StaticFile]> => [
    `sample/${path}`,
    await readStaticFile(join(folder, path)),
  ];
  return Promise.all(SAMPLE_FILES.map(read)).catch(() => []);
}

const toCaller = ({ kind, scopes }: Principal) => ({
  // A signed address does not open this route.
  kind: kind === "signed" ? "anonymous" : kind,
  scopes: [...scopes],
});

function checksumOf(bundle: Map<string, StaticFile>): string {
  const hash = createHash("sha256");
  for (const [path, { etag }] of [...bundle].sort()) hash.update(`${path} ${etag}\n`);
  return hash.digest("hex");
}

function serve(
  bundle: Map<string, StaticFile>,
  path: string,
  request: Request,
  policy: string,
): Response {
  const asset = bundle.get(path) ?? bundle.get(`static/${path}`);
  if (!asset) throw new AppError("route_not_found");
  return serveStaticFile(asset, request, {
    "cache-control": HASHED.test(path) ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": policy,
  });
}
