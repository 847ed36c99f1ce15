/**
 * Compiles `pdf-child.ts` with pdfjs and the hooks into one file with its bytecode:
 * `bun src/media/pdf/compile-pdf-child.ts`. The Dockerfile runs it; elsewhere the first PDF starts it.
 */
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { setPriority } from "node:os";
import { join, relative } from "node:path";
import {
  COMPILED_FOLDER,
  COMPILER_TIMEOUT_MS,
  type CompiledProgram,
  hashOfFile,
  RECORD,
  ROOT,
} from "./pdf-child-program";
import { pdfjsHooks } from "./pdfjs-hooks";

const LOWEST_PRIORITY = 19;

/** Compiles into a folder of its own, because another process can compile at the same time. */
async function compile(): Promise<void> {
  await mkdir(COMPILED_FOLDER, { recursive: true });
  const folder = await mkdtemp(join(COMPILED_FOLDER, "pdf-child-"));
  try {
    const record = await compileInto(folder);
    await chmod(folder, 0o755); // the server can run as another user than the one who installs it
    const written = join(folder, "record.json");
    await Bun.write(written, JSON.stringify(record));
    await rename(written, RECORD);
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  await removeOthers(folder);
}

async function compileInto(folder: string): Promise<CompiledProgram> {
  const { outputs, metafile } = await Bun.build({
    entrypoints: [join(import.meta.dir, "pdf-child.ts")],
    outdir: folder,
    target: "bun",
    format: "cjs",
    bytecode: true,
    minify: true,
    metafile: true,
    external: ["@napi-rs/canvas"], // a native module, which only drawing loads
    plugins: [pdfjsHooks],
  });
  const hashes = Object.keys(metafile!.inputs).map((path) => [path, hashOfFile(path)]);
  const program = outputs.find(({ kind }) => kind === "entry-point")!.path;
  return {
    bun: Bun.version,
    root: ROOT,
    program: relative(ROOT, program),
    inputs: Object.fromEntries(hashes),
  };
}

/** Removes earlier programs. New folders are left alone, because another process can be writing to them. */
async function removeOthers(current: string): Promise<void> {
  const before = Date.now() - COMPILER_TIMEOUT_MS;
  for (const name of await readdir(COMPILED_FOLDER)) {
    const path = join(COMPILED_FOLDER, name);
    const { mtimeMs } = await stat(path);
    if (path !== current && path !== RECORD && mtimeMs < before)
      await rm(path, { recursive: true });
  }
}

setPriority(LOWEST_PRIORITY);
process.chdir(ROOT); // the paths of the metafile are relative to the working folder
await compile();
