import { z } from "zod";
import { AppError } from "../errors";
import { decodeText } from "./decode-text";
import { parseJson } from "./parse-json";

/** A value of a file with its position. */
export type FileRow<T> = {
  value: T;
  /** From 1. */
  row: number;
  /** The fields that the row has, also those that the schema does not know. */
  fields: string[];
};

/** Rows that an error shows. */
const MOST_ROWS = 20;

/** The problems of an evaluation file by row, so that all of them can be corrected at once. */
export class RowProblems {
  readonly #found = new Map<number, string[]>();

  /** @param unit  what the number of a row counts */
  constructor(
    readonly path: string,
    readonly unit: "line" | "question" = "line",
  ) {}

  add(row: number, problem: string): void {
    this.#found.set(row, [...(this.#found.get(row) ?? []), problem]);
  }

  /** Checks a value by a schema. Adds the problems and returns null if it does not match. */
  check<T>(row: number, value: unknown, schema: z.ZodType<T>): T | null {
    const { success, data, error } = schema.safeParse(value);
    if (success) return data;
    for (const { path, message } of error.issues) {
      this.add(row, path.length > 0 ? `${z.core.toDotPath(path)}: ${message}` : message);
    }
    return null;
  }

  /** @throws AppError `evaluation_set_invalid` with the first rows that have a problem */
  throwIfAny(): void {
    if (this.#found.size === 0) return;
    const rows = [...this.#found].sort(([a], [b]) => a - b);
    const shown = rows.slice(0, MOST_ROWS).map(([row, all]) => [`${this.unit} ${row}`, all]);
    const others = rows.length - shown.length;
    throw new AppError("evaluation_set_invalid", {
      path: this.path,
      problems: Object.fromEntries(shown),
      ...(others > 0 && { [`other_${this.unit}s_with_problems`]: others }),
    });
  }
}

/**
 * Reads an evaluation file with one JSON object in each line. Blank lines are ignored.
 *
 * @throws AppError `evaluation_set_invalid`, with all lines that have a problem
 */
export async function readJsonLines<T>(path: string, schema: z.ZodType<T>): Promise<FileRow<T>[]> {
  const problems = new RowProblems(path);
  const rows = await checkJsonLines(problems, schema);
  problems.throwIfAny();
  return rows;
}

/** Like `readJsonLines`, but adds the problems to `problems`, to which the caller can add others before it throws them. */
export async function checkJsonLines<T>(
  problems: RowProblems,
  schema: z.ZodType<T>,
): Promise<FileRow<T>[]> {
  return checkLines(problems, (line, row) => {
    const object = parseJson(line);
    if (object === undefined) {
      problems.add(row, "not a JSON object: each line must be one whole object");
      return null;
    }
    const value = problems.check(row, object, schema);
    return value === null ? null : { value, row, fields: Object.keys(object as object) };
  });
}

/**
 * Reads an evaluation file line by line. Blank lines are ignored.
 *
 * @param parse  returns null for a line to skip, after adding its problems
 * @throws AppError `evaluation_set_invalid`, with all lines that have a problem
 */
export async function parseLines<T>(
  path: string,
  parse: (line: string, row: number, problems: RowProblems) => T | null,
): Promise<T[]> {
  const problems = new RowProblems(path);
  const values = await checkLines(problems, (line, row) => parse(line, row, problems));
  problems.throwIfAny();
  return values;
}

async function checkLines<T>(
  { path }: RowProblems,
  parse: (line: string, row: number) => T | null,
): Promise<T[]> {
  return (await readEvaluationText(path)).split(/\r\n|\n|\r/).flatMap((line, i) => {
    const value = line.trim() === "" ? null : parse(line, i + 1);
    return value === null ? [] : [value];
  });
}

/**
 * The text of an evaluation file, in any encoding that `decodeText` knows.
 *
 * @throws AppError `evaluation_set_invalid` if the file cannot be read or is binary
 */
export async function readEvaluationText(path: string): Promise<string> {
  try {
    return decodeText(await Bun.file(path).bytes()).text.replace(/^\uFEFF/, "");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem =
      error instanceof AppError
        ? "this is not a text file: save it as UTF-8"
        : code === "ENOENT"
          ? "the file is missing"
          : `the file cannot be read (${code ?? error})`;
    throw new AppError("evaluation_set_invalid", { path, problem }, { cause: error });
  }
}
