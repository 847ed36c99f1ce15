import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { BunPlugin } from "bun";

const ROOT = join(import.meta.dir, "..");

/** The AG-UI client contains an older zod, whose `eval` no setting disables; our policy forbids `eval`. */
const ONE_ZOD: BunPlugin = {
  name: "one zod",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^zod(\/|$)/ }, ({ path }) => ({ path: Bun.resolveSync(path, ROOT) }));
  },
};

/** The name of the format, with which the client compares that of an answer. */
const MEDIA_TYPE = 'export const AGUI_MEDIA_TYPE = "application/vnd.ag-ui.event+proto";';

/**
 * The AG-UI client asks for server-sent events only, but contains a reader of protocol buffers, too: a seventh
 * of the page's code.
 */
const NO_PROTOCOL_BUFFERS: BunPlugin = {
  name: "no protocol buffers",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^@ag-ui\/proto$/ }, () => ({ path: "proto", namespace: "left-out" }));
    onLoad({ filter: /^proto$/, namespace: "left-out" }, () => ({
      contents: MEDIA_TYPE,
      loader: "js",
    }));
  },
};

/**
 * Builds the page of `web/` into a folder, and returns the written files. The same source gives the
 * same bytes, so a test can compare `public/ag-ui/` with a new build.
 */
export async function buildWeb(outdir: string): Promise<{ path: string; size: number }[]> {
  await rm(outdir, { recursive: true, force: true });
  const { outputs } = await Bun.build({
    entrypoints: [join(ROOT, "web/index.html")],
    outdir,
    target: "browser",
    minify: true,
    // No public path: a proxy can serve the page below any path, so all addresses are relative.
    splitting: true,
    plugins: [ONE_ZOD, NO_PROTOCOL_BUFFERS],
    // Otherwise the builder's own value is used, which is different in `bun test`.
    define: { "process.env.NODE_ENV": '"production"' },
    naming: {
      entry: "[name].[ext]",
      chunk: "static/[name]-[hash].[ext]",
      asset: "static/[name]-[hash].[ext]",
    },
  });
  return outputs;
}

if (import.meta.main) {
  for (const { path, size } of await buildWeb(join(ROOT, "public/ag-ui"))) {
    console.log(`${path.slice(ROOT.length + 1)}  ${(size / 1024).toFixed(1)} kB`);
  }
}
