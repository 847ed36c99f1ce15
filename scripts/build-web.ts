import { rm } from "node:fs/promises";
import { join } from "node:path";

/** Builds the page of `web/` into `public/ag-ui/`, which the server reads at its start. */
const root = join(import.meta.dir, "..");
const outdir = join(root, "public/ag-ui");

await rm(outdir, { recursive: true, force: true });
const { outputs } = await Bun.build({
  entrypoints: [join(root, "web/index.html")],
  outdir,
  target: "browser",
  minify: true,
  publicPath: "/ag-ui/",
  naming: {
    entry: "[name].[ext]",
    chunk: "static/[name]-[hash].[ext]",
    asset: "static/[name]-[hash].[ext]",
  },
});
for (const { path, size } of outputs) {
  console.log(`${path.slice(root.length + 1)}  ${(size / 1024).toFixed(1)} kB`);
}
