/**
 * Selects the program of the process that reads PDFs: compiled to one file with its bytecode, or its source.
 * Compiled, it starts with half the CPU time and keeps 40 % less memory (docs/decisions/0068).
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "../../..");
const SOURCE = join(import.meta.dir, "pdf-child.ts");
const COMPILER = join(import.meta.dir, "compile-pdf-child.ts");
/** Compiling takes 2 s on an idle machine. */
export const COMPILER_TIMEOUT_MS = 120_000;

/** Compiled programs belong to this installation, so they are stored beside its packages. */
export const COMPILED_FOLDER = join(ROOT, "node_modules/.cache/lectern");
export const RECORD = join(COMPILED_FOLDER, "pdf-child.json");

/** Describes the compiled program; written after its files, so that it never names an incomplete one. */
export type CompiledProgram = {
  /** The version of Bun, because no other version can use the bytecode. */
  bun: string;
  /** The folder of the project, because the program contains absolute paths. */
  root: string;
  /** Relative to that folder, as the inputs. */
  program: string;
  /** Hash of each file that was compiled, by path. */
  inputs: Record<string, string>;
};

let compiled: string | undefined;
let isCompiling = false;

/**
 * The path of the program. If the compiled one is missing or older than its source, it is compiled in the
 * background with low priority, once in each thread, and the source runs until then. A folder that cannot
 * be written to only makes the start slower.
 */
export function childProgram(): string {
  if (!compiled || !existsSync(compiled)) compiled = findCompiled(RECORD);
  if (compiled) return compiled;
  if (!isCompiling) compileInBackground();
  return SOURCE;
}

/** The path of the program that a record describes; undefined when its source or Bun has changed. */
export function findCompiled(record: string): string | undefined {
  try {
    const { bun, root, program, inputs }: CompiledProgram = JSON.parse(
      readFileSync(record, "utf8"),
    );
    const isCurrent =
      bun === Bun.version &&
      root === ROOT &&
      Object.entries(inputs).every(([path, hash]) => hashOfFile(path) === hash);
    const path = join(ROOT, program);
    return isCurrent && existsSync(path) ? path : undefined;
  } catch {
    return undefined; // never compiled, or a source file is missing
  }
}

/** @param path  relative to the folder of the project */
export const hashOfFile = (path: string): string =>
  Bun.hash(readFileSync(join(ROOT, path))).toString(36);

function compileInBackground(): void {
  isCompiling = true;
  const compiler = Bun.spawn([process.execPath, COMPILER], {
    cwd: ROOT,
    env: {},
    stdio: ["ignore", "ignore", "ignore"],
    timeout: COMPILER_TIMEOUT_MS,
  });
  compiler.unref();
}
