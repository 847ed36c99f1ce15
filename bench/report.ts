import { type Summary, show, toRows } from "./figures";
import { toTable } from "./lib";

/** A line of bench/history.jsonl. */
export type BenchRun = {
  /** Date, Bun, processor and load. */
  machine: string;
  commit: string;
  quick: boolean;
  /** By benchmark. */
  figures: Record<string, Summary[]>;
  failed: string[];
};

const BEGIN = "<!-- ./lectern bench writes from here -->";
const END = "<!-- to here -->";

/** Replaces what a document has between the markers; a document without them gets both at its end. */
export function replaceBetweenMarkers(document: string, text: string): string {
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  const block = `${BEGIN}\n\n${text.trim()}\n\n${END}`;
  if (from < 0 || to < from) return `${document.trimEnd()}\n\n${block}\n`.trimStart();
  return document.slice(0, from) + block + document.slice(to + END.length);
}

export function toMarkdown(
  run: BenchRun,
  history: BenchRun[],
  titles: Record<string, string>,
): string {
  const sections = Object.entries(run.figures).map(([name, figures]) =>
    [`## ${titles[name]}`, toTable(toRows(figures)), ...growthCharts(figures)].join("\n\n"),
  );
  const all = Object.values(run.figures).flat();
  return [
    `Measured with \`./lectern bench${run.quick ? " --quick" : ""}\` at commit ${run.commit}: ${run.machine}.`,
    run.failed.length > 0 ? `Without figures in this run: ${run.failed.join(", ")}.` : "",
    limitChart(all),
    ...sections,
    historySection([...history, run]),
  ]
    .filter(Boolean)
    .join("\n\n");
}

/** How much of its limit each figure uses, in percent; 100 is the limit. */
function limitChart(figures: Summary[]): string {
  const shares = figures.flatMap((figure) => {
    const { id, limit, peer, ratio, median } = figure;
    if (!limit) return [];
    const value = peer ? ratio! : median;
    const share = "at_most" in limit ? value / limit.at_most : limit.at_least / value;
    return [{ id, share: Math.round(share * 100) }];
  });
  if (shares.length === 0) return "";
  const chart = barChart(
    "Percent of the limit (the line is the limit)",
    shares.map(({ id }) => id),
    shares.map(({ share }) => share),
    shares.map(() => 100),
  );
  const table = shares.map(({ id, share }) => `\`${id}\` ${share} %`).join(" · ");
  return `## Limits\n\n${chart}\n\n${table}`;
}

/** A chart for each quantity that was measured at two sizes or more. */
function growthCharts(figures: Summary[]): string[] {
  const groups = Map.groupBy(
    figures.filter(({ growth }) => growth),
    ({ growth }) => growth!.of,
  );
  return [...groups].flatMap(([title, group]) => {
    if (group.length < 2) return [];
    const { unit } = group[0]!;
    const sizes = group.map(({ growth }) => `${show(growth!.size)} ${growth!.unit}`);
    return [
      barChart(
        `${title}, ${unit}, by size`,
        sizes,
        group.map(({ median }) => median),
      ),
    ];
  });
}

function barChart(title: string, names: string[], bars: number[], line?: number[]): string {
  const quoted = names.map((name) => JSON.stringify(name)).join(", ");
  const values = (list: number[]) =>
    `[${list.map((value) => Number(value.toPrecision(3))).join(", ")}]`;
  return [
    "```mermaid",
    "xychart-beta horizontal",
    `  title ${JSON.stringify(title)}`,
    `  x-axis [${quoted}]`,
    `  y-axis 0 --> ${Math.ceil(Math.max(...bars, ...(line ?? [])) * 1.1)}`,
    `  bar ${values(bars)}`,
    ...(line ? [`  line ${values(line)}`] : []),
    "```",
  ].join("\n");
}

/** The ratios of the last runs, so that a slow decline is visible. */
const RUNS_SHOWN = 5;

function historySection(runs: BenchRun[]): string {
  const shown = runs.slice(-RUNS_SHOWN);
  const ids = [
    ...new Set(
      shown.flatMap((run) =>
        Object.values(run.figures)
          .flat()
          .map(({ id }) => id),
      ),
    ),
  ];
  const rows = ids.map((id) => {
    const cells = shown.map((run) => {
      const found = Object.values(run.figures)
        .flat()
        .find((figure) => figure.id === id);
      return [
        `${run.commit}${run.quick ? " (quick)" : ""}`,
        found?.ratio == null ? "" : show(found.ratio),
      ];
    });
    return { ratio: `\`${id}\``, ...Object.fromEntries(cells) };
  });
  return `## History\n\nThe ratio of each figure to its peer or limit. \`bench/history.jsonl\` has all runs.\n\n${toTable(rows)}`;
}

/** The numbers that matter, in README. */
const README_FIGURES = [
  "startup.first.embedded",
  "queue.started.native",
  "retrieval.hybrid_50k",
  "chat.events_mastra",
  "alignment.cpu_1h",
];

export function toReadmeTable(run: BenchRun): string {
  const all = Object.values(run.figures).flat();
  const chosen = README_FIGURES.flatMap((id) => all.find((figure) => figure.id === id) ?? []);
  const rows = toRows(chosen).map(({ what, median, beside, limit }) => ({
    what,
    median,
    beside,
    limit,
  }));
  return `${rows.length > 0 ? toTable(rows as Record<string, string>[]) : ""}\n\n${run.machine}; [all figures](docs/benchmarks.md).`;
}
