import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../../errors";

/** Prints a report on stdout, as JSON or as text. */
export function print<T>(report: T, asJson: boolean, toTable: (report: T) => string): void {
  console.log(asJson ? JSON.stringify(report, null, 2) : toTable(report));
}

/**
 * Checks that a file can be written, before an evaluation is paid for. A missing file is made, and is empty.
 *
 * @throws AppError `file_not_written`
 */
export async function assertWritable(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
    .then(() => appendFile(path, ""))
    .catch((error) => {
      throw notWritten(path, error);
    });
}

/**
 * Writes the chart of a report.
 *
 * @throws AppError `file_not_written`
 */
export async function writeChart(path: string, chart: string): Promise<void> {
  await writeFile(path, chart).catch((error) => {
    throw notWritten(path, error);
  });
}

const notWritten = (path: string, error: NodeJS.ErrnoException) =>
  new AppError("file_not_written", { path, problem: error.code ?? error.message });
