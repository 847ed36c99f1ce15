import type { AlignmentReport } from "../../alignment/evaluate";
import type {
  RefusalRates,
  RefusalReport,
  RerankerReport,
} from "../../chat/agent/evaluate-refusal";
import type { CitationReport } from "../../chat/citations/evaluate";
import type { EvaluationReport, Row } from "../../retrieval/evaluate";
import type { TimelineRow, TimelineSearchReport } from "../../retrieval/evaluate-timeline";
import { type Estimate, RANKING_MEASURES } from "../../retrieval/ranking-metrics";

export function toSearchTables(report: EvaluationReport): string {
  const { model, documents, questions, chosen_weight, default_weight, gain } = report;
  return [
    `${documents} documents, ${questions} questions, embedded by ${model}`,
    `\nEvery weight of the vector leg, on the half of the questions that chooses one:\n`,
    toModeTable(report.tuning),
    `\nOn the other half (chosen: ${chosen_weight}, default: ${default_weight}); in brackets 95 % of resamples:\n`,
    toModeTable(report.held_out, true),
    `\n* is the default: against the better leg its nDCG@10 differs by ${signed(gain.mean)} (${signed(gain.low)} to ${signed(gain.high)}).`,
  ].join("\n");
}

const signed = (value: number) => (value < 0 ? "" : "+") + value.toFixed(3);

function toModeTable(rows: Row[], withIntervals = false): string {
  const cell = (row: Row) => (name: (typeof RANKING_MEASURES)[number]) => {
    const { mean, low, high } = row[name];
    const interval = withIntervals ? ` (${low.toFixed(3)}-${high.toFixed(3)})` : "";
    return (mean.toFixed(3) + interval).padEnd(withIntervals ? 20 : 11);
  };
  const heading = [
    "mode".padEnd(16),
    ...RANKING_MEASURES.map((m) => m.padEnd(withIntervals ? 20 : 11)),
  ];
  const lines = rows.map((row) => {
    const weight = row.weight === null ? "" : ` ${row.weight.toFixed(1)}`;
    const mode = `${row.mode}${weight}${row.default ? " *" : ""}`.padEnd(16);
    return [mode, ...RANKING_MEASURES.map(cell(row))].join("");
  });
  return [heading.join(""), ...lines].map((line) => line.trimEnd()).join("\n");
}

export function toEnrichmentText({ kinds, ...about }: TimelineSearchReport): string {
  const { model, lectures, chosen_weight, default_weight } = about;
  const cell = ({ mean, low, high }: Estimate) =>
    `${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`.padEnd(25);
  const lines = (part: string, rows: TimelineRow[]) =>
    rows.map(({ mode, weight, without, enriched, gain }) => {
      const named = `${part} ${mode}${weight === null ? "" : ` ${weight.toFixed(1)}`}`;
      return named.padEnd(22) + cell(without) + cell(enriched) + cell(gain);
    });
  return [
    `${lectures} lectures, embedded by ${model}; weight of the vector leg: chosen ${chosen_weight}, default ${default_weight}`,
    "Reciprocal rank of the first right passage of ten, in brackets 95 % of resamples",
    ...Object.entries(kinds).flatMap(([kind, { questions, tuning, held_out, all }]) => [
      `\n${kind}, ${questions} questions`,
      `${"".padEnd(22)}${"without".padEnd(25)}${"enriched".padEnd(25)}gain`,
      ...lines("tuning", tuning),
      ...lines("held out", held_out),
      ...lines("all", all),
    ]),
  ]
    .map((line) => line.trimEnd())
    .join("\n");
}

export function toAlignmentTable({ files, ...total }: AlignmentReport): string {
  const rows = [...files, { file: "mean", ...total }].map(
    ({ file, exact, within_1 }) =>
      `${file.padEnd(24)}${exact.toFixed(3).padStart(8)}${within_1.toFixed(3).padStart(10)}`,
  );
  return ["file                       exact  within_1", ...rows].join("\n");
}

export function toRefusalTable({ wrong, reranker, ...rates }: RefusalReport): string {
  const mistakes = wrong.map(
    ({ language, text, covered }) => `${covered ? "refused" : "answered"} (${language}): ${text}`,
  );
  return [...toRateRows(rates), ...mistakes, ...(reranker ? toRerankerRows(reranker) : [])].join(
    "\n",
  );
}

function toRerankerRows({ unscored, calibrated, configured }: RerankerReport): string[] {
  const rows = calibrated
    ? [
        `\nBy the reranker, calibrated: RERANK_MIN_SCORE=${calibrated.min_score}`,
        "On the half of the questions that chooses it:",
        ...toRateRows(calibrated.tuning),
        "On the other half:",
        ...toRateRows(calibrated.held_out),
      ]
    : ["\nBy the reranker: not calibrated, because no covered question has a score."];
  if (configured) {
    rows.push(
      `\nAll questions by the setting RERANK_MIN_SCORE=${configured.min_score}:`,
      ...toRateRows(configured),
    );
  }
  if (unscored > 0) rows.push(`\nThe reranker failed or was too slow for ${unscored} questions.`);
  return rows;
}

function toRateRows({ languages, ...total }: RefusalRates): string[] {
  const rows = [...Object.entries(languages), ["all", total] as const].map(
    ([language, { uncovered, refused, covered, falsely_refused }]) =>
      language.padEnd(10) +
      `${refused} of ${uncovered}`.padStart(20) +
      `${falsely_refused} of ${covered}`.padStart(18),
  );
  return ["language   uncovered refused   covered refused", ...rows];
}

export function toCitationTable({ kinds, ...total }: CitationReport): string {
  const share = (value: number | null) => (value === null ? "-" : value.toFixed(3)).padStart(11);
  const rows = [...Object.entries(kinds), ["all", total] as const].map(
    ([kind, { n, flagged, precision, recall }]) =>
      `${kind.padEnd(16)}${String(n).padStart(6)}${String(flagged).padStart(9)}${share(precision)}${share(recall)}`,
  );
  return ["kind                 n  flagged  precision     recall", ...rows].join("\n");
}
