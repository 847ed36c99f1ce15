import { AppError } from "../../errors";

/** Prints a report on stdout, as JSON or as text. */
export function print<T>(report: T, asJson: boolean, toTable: (report: T) => string): void {
  console.log(asJson ? JSON.stringify(report, null, 2) : toTable(report));
}

/**
 * Writes the chart of a report.
 *
 * @throws AppError `evaluation_set_invalid` if the file cannot be written
 */
export async function writeChart(path: string, chart: string): Promise<void> {
  await Bun.write(path, chart).catch((error) => {
    const problem = `the chart cannot be written (${error.code ?? error.message})`;
    throw new AppError("evaluation_set_invalid", { path, problem });
  });
}
