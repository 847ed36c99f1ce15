import { rm } from "node:fs/promises";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const PACKAGE = join(ROOT, "clients/ts");

/**
 * Builds the TypeScript client into `clients/ts/dist`: one module of JavaScript, and its types.
 * `npm pack` in `clients/ts` runs it first.
 *
 * @throws if the types have errors
 */
export async function buildClient(): Promise<void> {
  const outdir = join(PACKAGE, "dist");
  await rm(outdir, { recursive: true, force: true });
  await Bun.build({
    entrypoints: [join(PACKAGE, "src/index.ts")],
    outdir,
    target: "browser",
    packages: "external",
  });
  const compiler = Bun.spawn(
    [process.execPath, join(ROOT, "node_modules/typescript/bin/tsc"), "--project", PACKAGE],
    { stdout: "inherit", stderr: "inherit" },
  );
  if ((await compiler.exited) !== 0) throw new Error("the types of the client have errors");
}

if (import.meta.main) await buildClient();
