import { type FileHandle, mkdir, open, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../../errors";

/** Prints a report on stdout, as JSON or as text. */
export function print<T>(report: T, asJson: boolean, toTable: (report: T) => string): void {
  console.log(asJson ? JSON.stringify(report, null, 2) : toTable(report));
}

/**
 * Checks that a file can be written, before an evaluation is paid for. A missing file stays missing, because an
 * evaluation that ends early must leave no empty chart.
 *
 * @throws AppError `file_not_written`
 */
export async function assertWritable(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const isNew = await open(path, "wx").then(closeFile, (error) => {
      if (error.code !== "EEXIST") throw error;
      return false;
    });
    if (isNew) await rm(path);
    else await open(path, "a").then(closeFile);
  } catch (error) {
    throw notWritten(path, error as NodeJS.ErrnoException);
  }
}

async function closeFile(file: FileHandle): Promise<true> {
  await file.close();
  return true;
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
