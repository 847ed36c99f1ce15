import { parseArgs } from "node:util";
import { describeMachine, quantile, round, toTable } from "./lib";

/** One claim: what was measured in one run, beside its peer or its limit. */
export type Figure = {
  /** The same in every run, such as `queue.started`; the history and the collapse check compare by it. */
  id: string;
  what: string;
  /** `ms`, `s`, `MB`, `µs`, or what a second gives, such as `MB/s`. */
  unit: string;
  samples: number[];
  /** The same work done by something else in the same run, in the same unit. */
  peer?: { what: string; samples: number[] };
  /** Bounds of the median, or of its ratio to the peer's where there is a peer. */
  limit?: { at_most: number } | { at_least: number };
  /** Figures with one `of` show how the median grows with the size. */
  growth?: { of: string; size: number; unit: string };
};

/** A figure as the history keeps it. `low` and `high` enclose the middle half of the samples. */
export type Summary = Omit<Figure, "samples" | "peer"> & {
  median: number;
  low: number;
  high: number;
  samples: number;
  peer?: { what: string; median: number };
  /** To the peer; without a peer to the limit; null without either. */
  ratio: number | null;
  /** Whether the limit holds; null without a limit. */
  holds: boolean | null;
};

export function summarize({ samples, peer, ...figure }: Figure): Summary {
  const median = quantile(samples, 0.5);
  const peerMedian = peer && quantile(peer.samples, 0.5);
  const bound = figure.limit && Object.values(figure.limit)[0]!;
  const base = peerMedian ?? bound;
  const ratio = base === undefined ? null : median / base;
  return {
    ...figure,
    median,
    low: quantile(samples, 0.25),
    high: quantile(samples, 0.75),
    samples: samples.length,
    ...(peer && { peer: { what: peer.what, median: peerMedian! } }),
    ratio,
    holds: figure.limit ? keeps(figure.limit, peer ? ratio! : median) : null,
  };
}

const keeps = (limit: NonNullable<Figure["limit"]>, value: number): boolean =>
  "at_most" in limit ? value <= limit.at_most : value >= limit.at_least;

/** Three digits are more than two runs have in common. */
export const show = (value: number): string =>
  Math.abs(value) >= 1_000
    ? Math.round(value).toLocaleString("en-US").replaceAll(",", " ")
    : String(Number(value.toPrecision(3)));

/** The rows of a table for people. */
export function toRows(figures: Summary[]): Record<string, string>[] {
  return figures.map((figure) => {
    const { what, unit, median, low, high, samples, peer, ratio, limit, holds } = figure;
    return {
      what,
      median: `${show(median)} ${unit}`,
      "middle half": samples > 1 ? `${show(low)}–${show(high)}` : "",
      runs: String(samples),
      beside: peer ? `${peer.what}: ${show(peer.median)} ${unit}` : "",
      ratio: ratio === null ? "" : `${show(ratio)}${peer ? " ×" : " of the limit"}`,
      limit: limit ? `${boundOf(limit)}${peer ? " ×" : ` ${unit}`}` : "",
      holds: holds === null ? "" : holds ? "yes" : "**no**",
    };
  });
}

const boundOf = (limit: NonNullable<Figure["limit"]>): string =>
  "at_most" in limit ? `≤ ${show(limit.at_most)}` : `≥ ${show(limit.at_least)}`;

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "string" } },
  allowPositionals: true,
  strict: false,
});

/** With `--quick` a benchmark takes fewer or smaller samples, so that all need ten minutes at most. */
export const isQuick = options.quick === true;

/** Prints the figures of a benchmark; with `--json FILE`, which `./lectern bench` passes, it writes them there too. */
export async function publish(figures: Figure[]): Promise<void> {
  const summaries = figures.map(summarize);
  console.log(`${describeMachine()}\n\n${toTable(toRows(summaries))}`);
  if (typeof options.json === "string") await Bun.write(options.json, JSON.stringify(summaries));
}

/** Runs work some times in turn, so that the load of the machine affects both; returns the times of each in ms. */
export async function inTurn(
  rounds: number,
  ours: () => Promise<unknown>,
  peer: () => Promise<unknown>,
): Promise<{ ours: number[]; peer: number[] }> {
  const times = { ours: [] as number[], peer: [] as number[] };
  for (let n = 0; n < rounds; n += 1) {
    times.ours.push(await millisecondsOf(ours));
    times.peer.push(await millisecondsOf(peer));
  }
  return times;
}

export async function millisecondsOf(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return round(performance.now() - started, 3);
}
