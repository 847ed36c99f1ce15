import { bootstrap, type Estimate, seeded } from "../retrieval/ranking-metrics";

/** The parts of a report with their measures, in its order. */
export const MEASURES = {
  retrieval: [
    "found_in_8",
    "page_found_in_8",
    "speech_found_in_8",
    "reciprocal_rank",
    "opens_right_page",
    "opens_right_second",
    "page_focus",
    "speech_focus",
    "reciprocal_rank_by_text",
    "reciprocal_rank_by_vectors",
    "page_rank_by_vectors",
    "speech_rank_by_vectors",
  ],
  answers: ["cites_right_place", "without_unsupported_sentence"],
  refusal: ["uncovered_refused", "covered_answered"],
  citations: ["unsupported_flagged", "supported_accepted"],
  timeline: ["right_page", "right_page_or_neighbour"],
} as const;
export type Section = keyof typeof MEASURES;
export const SECTIONS = Object.keys(MEASURES) as Section[];

/** Whether this version measures it. A former version had others. */
export const isKnownMeasure = ({ section, name }: Pick<Measure, "section" | "name">): boolean =>
  Object.hasOwn(MEASURES, section) && (MEASURES[section] as readonly string[]).includes(name);

/** A mean with its 95 % interval. */
export type GroupEstimate = Estimate & { n: number };

/** One measure of a report. Every measure is from 0 to 1, and higher is better. */
export type Measure = GroupEstimate & {
  section: Section;
  name: string;
  /** Shares and means of few items have Wilson's interval, other means the interval of 2 000 resamples. */
  interval: "wilson" | "bootstrap";
  /** By language or by kind; empty if there is only one. */
  groups: Record<string, GroupEstimate>;
  /** The value of each question, sentence or visit, by its id. A later report is compared item by item. */
  values: Record<string, number>;
};

/** The result for one item. */
export type ItemValue = { id: string; group: string; value: number };

/**
 * Adds an id that is made of the item itself, with a number behind it if another item has the same. Unlike the number
 * of its line, it stays the same when lines are added before it, so that reports can be compared.
 */
export function addId(text: string, used: Set<string>): string {
  let id = text;
  for (let n = 2; used.has(id); n += 1) id = `${text} (${n})`;
  used.add(id);
  return id;
}

const SEED = 1;
/** Of the normal distribution, for 95 %. */
const Z = 1.959964;
/**
 * Resamples of fewer items give intervals that are too short, and an empty one if all items are equal. Wilson's holds for
 * every mean of values from 0 to 1, because no such values vary more than those of a share.
 */
const LEAST_RESAMPLED = 10;

/** Wilson's 95 % interval of a share. It is never empty at 0 or 1, where a resample would be. */
export function wilson(successes: number, n: number): Estimate {
  if (n === 0) return { mean: 0, low: 0, high: 0 };
  const share = successes / n;
  const scale = 1 + Z ** 2 / n;
  const middle = (share + Z ** 2 / (2 * n)) / scale;
  const half = (Z / scale) * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2));
  return { mean: share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * Sums up the results of one measure. Values that are all 0 or 1 are a share.
 *
 * @returns an empty list without items, so that a report leaves the measure out
 */
export function toMeasure<S extends Section>(
  section: S,
  name: (typeof MEASURES)[S][number],
  items: readonly ItemValue[],
): Measure[] {
  if (items.length === 0) return [];
  const isShare = items.every(({ value }) => value === 0 || value === 1);
  const isWilson = (n: number) => isShare || n < LEAST_RESAMPLED;
  const estimate = (some: readonly ItemValue[]): GroupEstimate => {
    const values = some.map(({ value }) => value);
    const n = values.length;
    const sum = values.reduce((total, one) => total + one, 0);
    return { n, ...(isWilson(n) ? wilson(sum, n) : bootstrap(values, seeded(SEED))) };
  };
  const groups = Object.entries(Object.groupBy(items, ({ group }) => group));
  return [
    {
      section,
      name,
      ...estimate(items),
      interval: isWilson(items.length) ? "wilson" : "bootstrap",
      groups:
        groups.length > 1
          ? Object.fromEntries(groups.map(([group, some]) => [group, estimate(some!)]))
          : {},
      values: Object.fromEntries(items.map(({ id, value }) => [id, value])),
    },
  ];
}

/** The mean difference of two lists of the same items, with the 95 % interval of its resamples. */
export function pairedDifference(before: readonly number[], after: readonly number[]): Estimate {
  return bootstrap(
    after.map((value, i) => value - before[i]!),
    seeded(SEED),
  );
}
