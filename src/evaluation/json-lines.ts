import { z } from "zod";
import { AppError } from "../errors";
import { decodeText } from "../text/decode-text";

/** An object of a file with one JSON object in each line. */
export type JsonLine<T> = {
  value: T;
  /** From 1. */
  line: number;
  /** The fields that the line has, also those that the schema does not know. */
  fields: string[];
};

/** Lines that an error shows. */
const MOST_LINES = 20;

/** The problems of a file by line, so that all of them can be corrected at once. */
export class LineProblems {
  readonly #path: string;
  readonly #found = new Map<number, string[]>();

  constructor(path: string) {
    this.#path = path;
  }

  add(line: number, problem: string): void {
    this.#found.set(line, [...(this.#found.get(line) ?? []), problem]);
  }

  /** @throws AppError `evaluation_set_invalid` with the first lines that have a problem */
  throwIfAny(): void {
    if (this.#found.size === 0) return;
    const lines = [...this.#found].sort(([a], [b]) => a - b);
    const shown = lines.slice(0, MOST_LINES).map(([line, all]) => [`line ${line}`, all]);
    const others = lines.length - shown.length;
    throw new AppError("evaluation_set_invalid", {
      path: this.#path,
      problems: Object.fromEntries(shown),
      ...(others > 0 && { other_lines_with_problems: others }),
    });
  }
}

/**
 * Reads a file with one JSON object in each line. Blank lines are ignored.
 *
 * @throws AppError `evaluation_set_invalid`, with all lines that have a problem
 */
export async function readJsonLines<T>(path: string, schema: z.ZodType<T>): Promise<JsonLine<T>[]> {
  const problems = new LineProblems(path);
  const lines = (await readText(path)).split("\n").flatMap((written, i) => {
    if (written.trim() === "") return [];
    const line = i + 1;
    const parsed = parseJson(written);
    if (parsed === undefined) {
      problems.add(line, "not a JSON object: each line must be one whole object");
      return [];
    }
    const { success, data, error } = schema.safeParse(parsed);
    if (success) return [{ value: data, line, fields: Object.keys(parsed as object) }];
    for (const { path: at, message } of error.issues) {
      problems.add(line, at.length > 0 ? `${z.core.toDotPath(at)}: ${message}` : message);
    }
    return [];
  });
  problems.throwIfAny();
  return lines;
}

async function readText(path: string): Promise<string> {
  try {
    return decodeText(await Bun.file(path).bytes()).text.replace(/^\uFEFF/, "");
  } catch (error) {
    const problem =
      error instanceof AppError
        ? "this is not a text file: save it as UTF-8"
        : `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`;
    throw new AppError("evaluation_set_invalid", { path, problem }, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
