/** Prints a report on stdout, as JSON or as text. */
export function print<T>(report: T, asJson: boolean, toTable: (report: T) => string): void {
  console.log(asJson ? JSON.stringify(report, null, 2) : toTable(report));
}
