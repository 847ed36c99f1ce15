import { z } from "zod";
import { AppError } from "../errors";
import type { Estimate } from "../retrieval/ranking-metrics";
import { isKnownMeasure, type Measure, pairedDifference } from "./measures";
import { MeasureSchema } from "./report-schema";

/** A measure compared with an earlier report, by the items that both have. */
export type GateResult = Pick<Measure, "section" | "name"> & {
  /** Items in both reports. */
  compared: number;
  before: number;
  after: number;
  /** After minus before, by item; null if the measure is missing now. */
  difference: Estimate | null;
  /** The whole 95 % interval of the difference is below 0, or the measure is missing now. */
  is_regression: boolean;
};

/** Fewer items can all become worse by chance. */
export const LEAST_COMPARED = 3;

/** Shares of unequal length are rounded, so a smaller difference does not count. */
const NEGLIGIBLE = 1e-9;

/**
 * Compares two reports of the same items. A drop is a regression if chance does not explain it: one changed
 * question of many does not fail the gate, nor do fewer than three items. A measure of a former version is left out.
 *
 * @throws AppError `evaluation_set_invalid` if the reports have no item in common
 */
export function compareReports(
  before: readonly Measure[],
  after: readonly Measure[],
): GateResult[] {
  const results = before.filter(isKnownMeasure).flatMap((former): GateResult[] => {
    const { section, name } = former;
    const now = after.find((one) => one.section === section && one.name === name);
    if (!now) {
      const missing = { compared: 0, before: former.mean, after: 0, difference: null };
      return [{ section, name, ...missing, is_regression: true }];
    }
    const ids = Object.keys(former.values).filter((id) => Object.hasOwn(now.values, id));
    if (ids.length === 0) return [];
    const pick = (values: Record<string, number>) => ids.map((id) => values[id]!);
    const [was, is] = [pick(former.values), pick(now.values)];
    const difference = pairedDifference(was, is);
    const meanOf = (values: number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
    return [
      {
        section,
        name,
        compared: ids.length,
        before: meanOf(was),
        after: meanOf(is),
        difference,
        is_regression: ids.length >= LEAST_COMPARED && difference.high < -NEGLIGIBLE,
      },
    ];
  });
  if (results.every(({ compared }) => compared === 0)) throw otherQuestions();
  return results;
}

/** Of the questions of the smaller report. Courses on the same topic share some questions. */
const LEAST_COMMON_SHARE = 0.5;

/**
 * Checks a baseline before an exam is paid for. Added and removed questions do not matter.
 *
 * @param questions  those of general knowledge do not count, because they are the same in every exam
 * @throws AppError `evaluation_set_invalid` if the baseline has less than half of them
 */
export function assertSameCourse(
  baseline: readonly Measure[],
  questions: readonly { id: string; covered: boolean }[],
): void {
  const covered = questions.filter((question) => question.covered);
  const ids = (covered.length > 0 ? covered : questions).map(({ id }) => id);
  const former = new Set(
    baseline
      .filter(({ section, name }) =>
        covered.length > 0
          ? section === "retrieval" || name === "covered_answered"
          : name === "uncovered_refused",
      )
      .flatMap(({ values }) => Object.keys(values)),
  );
  const common = ids.filter((id) => former.has(id)).length;
  const least = LEAST_COMMON_SHARE * Math.min(ids.length, former.size);
  if (common === 0 || common < least) throw otherQuestions();
}

function otherQuestions(): AppError {
  const problem = "the baseline has other questions than this evaluation: write a new one";
  return new AppError("evaluation_set_invalid", { problem });
}

const Baseline = z.object({ measures: z.array(MeasureSchema).min(1) });

/**
 * Reads the measures of a report that `lectern eval --json` wrote.
 *
 * @throws AppError `evaluation_set_invalid`, with the file and how to write it
 */
export async function readBaseline(path: string): Promise<Measure[]> {
  const content = await Bun.file(path)
    .json()
    .catch(() => null);
  const baseline = Baseline.safeParse(content);
  if (baseline.success) return baseline.data.measures;
  const problem =
    "it is not the report of an evaluation: write it with ./lectern eval FOLDER --json";
  throw new AppError("evaluation_set_invalid", { path, problem });
}
