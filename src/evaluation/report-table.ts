import type { CourseReport } from "./evaluate-course";
import { type GateResult, LEAST_COMPARED } from "./gate";
import type { GroupEstimate } from "./measures";

const number = (value: number) => value.toFixed(3);
const signed = (value: number) => (value < 0 ? "" : "+") + number(value);
const interval = ({ low, high }: { low: number; high: number }) =>
  `${number(low)} to ${number(high)}`;

/** A report as text: one line for each measure, and one for each language or kind below it. */
export function toReportTable(report: CourseReport): string {
  const { course, settings, questions, measures, legs } = report;
  const { embedding_model, chat_model, is_reranked } = settings;
  const row = (name: string, { n, mean, ...range }: GroupEstimate) =>
    `${name.padEnd(44)}${String(n).padStart(6)}${number(mean).padStart(9)}   ${interval(range)}`;
  const lines = measures.flatMap((measure, i) => [
    ...(measures[i - 1]?.section === measure.section ? [] : [`\n${measure.section}`]),
    row(`  ${measure.name}`, measure),
    ...Object.entries(measure.groups).map(([group, estimate]) => row(`    ${group}`, estimate)),
  ]);
  const compared = legs
    ? [
        "\nreciprocal rank by mode of search",
        ...(["text", "vector", "hybrid"] as const).map(
          (mode) =>
            `  ${mode.padEnd(48)}${number(legs[mode].mean).padStart(9)}   ${interval(legs[mode])}`,
        ),
        `  hybrid minus the better single mode               ${signed(legs.gain.mean).padStart(9)}   ${signed(legs.gain.low)} to ${signed(legs.gain.high)}`,
      ]
    : [];
  return [
    `${course}: ${questions} questions, embedded by ${embedding_model}, answered by ${chat_model}${is_reranked ? ", reranked" : ""}`,
    `Every measure is from 0 to 1; higher is better. 95 % intervals.\n`,
    `${"".padEnd(44)}${"n".padStart(6)}${"value".padStart(9)}   interval`,
    ...lines,
    ...compared,
  ].join("\n");
}

/** The comparison with a baseline as text; the last line is the verdict. */
export function toGateTable(results: readonly GateResult[]): string {
  const failed = results.filter(({ is_regression }) => is_regression);
  const lines = results.map(
    ({ section, name, compared, before, after, difference, is_regression }) => {
      const change = difference
        ? `${number(before)} → ${number(after)}   ${signed(difference.low)} to ${signed(difference.high)}`
        : `${number(before)} → not measured`;
      const few = difference && compared < LEAST_COMPARED ? "   too few to judge" : "";
      return `${is_regression ? "WORSE " : "      "}${`${section} ${name}`.padEnd(44)}${String(compared).padStart(6)}   ${change}${few}`;
    },
  );
  const verdict =
    failed.length === 0
      ? "Gate passed: no measure is worse than the baseline beyond chance."
      : `Gate failed: ${failed.map(({ section, name }) => `${section} ${name}`).join(", ")}.`;
  const header = `      ${"".padEnd(44)}${"n".padStart(6)}   before → after   95 % interval of the change`;
  return ["\nCompared with the baseline, item by item", header, ...lines, "", verdict].join("\n");
}
