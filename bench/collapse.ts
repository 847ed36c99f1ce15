import type { Summary } from "./figures";

/** Worse than this many times the record is a collapse; less can be noise. */
const FACTOR = 2;

/**
 * The ids of figures whose ratio is worse than twice the recorded one. Ratios are compared and not times, because
 * the record is from another machine; a figure without a peer in the same run, or without a record, cannot collapse.
 */
export function findCollapsed(recorded: Summary[], measured: Summary[]): string[] {
  const before = new Map(recorded.map((figure) => [figure.id, figure]));
  return measured.flatMap((figure) => {
    const record = before.get(figure.id);
    if (record?.ratio == null || figure.ratio === null || !figure.peer) return [];
    const isMoreBetter = figure.limit !== undefined && "at_least" in figure.limit;
    const worsening = isMoreBetter ? record.ratio / figure.ratio : figure.ratio / record.ratio;
    return worsening > FACTOR ? [figure.id] : [];
  });
}
