import { readFileSync } from "node:fs";

type Environment = Record<string, string | undefined>;

/**
 * Finds lines of `.env` that Bun reads otherwise than they look. It ignores a file that it cannot read or decode, cuts
 * an unquoted value at `#`, and replaces `$name` even in single quotes, so a password silently loses its end.
 *
 * @param env      the environment with the values that Bun has read
 * @param settings  the variables to check; lines of other programs are ignored
 * @returns the problems by variable. They do not repeat a value, because it can be a secret.
 */
export function findEnvFileProblems(
  path: string,
  env: Environment,
  settings: ReadonlySet<string>,
): Record<string, string[]> {
  const { text, problem } = readEnvFile(path);
  if (problem !== undefined) return { [path]: [problem] };
  const problems: Record<string, string[]> = {};
  for (const [index, line] of text.split("\n").entries()) {
    const [, name = "", separator, value = ""] = LINE.exec(line) ?? [];
    if (!settings.has(name)) continue;
    const found = separator
      ? findValueProblem(value, env[name], env)
      : env[name] === undefined && "must be NAME=value";
    if (found) problems[name] = [`line ${index + 1} of ${path}: ${found}`];
  }
  return problems;
}

const LINE = /^\s*(?:export\s+)?(\w+)\s*([=:]?)\s*(.*?)\s*$/;
const QUOTED = /^(["'`])(.*)\1\s*(?:#.*)?$/;
/** A reference to a variable without a default; `\$` is a plain `$`. */
const REFERENCE = /(?<!\\)\$(?:\{(\w+)\}|(\w+))/g;

/** @param given  the value in the environment, which can be another one than that of the file */
function findValueProblem(
  value: string,
  given: string | undefined,
  env: Environment,
): string | undefined {
  const quoted = QUOTED.exec(value)?.[2];
  const literal = quoted ?? value.replace(/(^|\s)#.*$/, "").trimEnd();
  const kept = quoted ?? literal.replace(/\s*#.*$/, "");
  // The environment of the caller replaces values, and a value in quotes can continue on the next line.
  if (given !== expand(kept, env)) return undefined;
  if (kept !== literal) {
    return "the part after # is read as a comment: write the value in quotes, or a space before the #";
  }
  const names = [...literal.matchAll(REFERENCE)].map(([, braced, plain]) => braced ?? plain!);
  if (names.every((name) => env[name] !== undefined)) return undefined;
  return "the part after $ is read as the name of a variable, which does not exist: write \\$ for $";
}

/** A value as Bun reads it. */
const expand = (value: string, env: Environment): string =>
  value.replace(REFERENCE, (_, braced, plain) => env[braced ?? plain] ?? "").replaceAll("\\$", "$");

function readEnvFile(path: string): { text: string; problem?: string } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
    if (!text.includes("\0")) return { text };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { text: "" };
    if (code !== "ERR_ENCODING_INVALID_ENCODED_DATA") {
      const problem = `cannot be read (${code}): make it a file that the user who starts Lectern can read`;
      return { text: "", problem };
    }
  }
  return { text: "", problem: "is not in UTF-8: save it again with this encoding" };
}
