import type { SpokenTerm } from "./term-weights";

/**
 * Gives each stem of a segment a moment: the segment's stems are spread evenly over its time, since
 * not every transcript has times of words.
 *
 * @param stems the stems of each segment, in order
 */
export function placeTerms(
  segments: readonly { start_ms: number; end_ms: number }[],
  stems: readonly (readonly string[])[],
): SpokenTerm[] {
  return segments.flatMap(({ start_ms, end_ms }, i) => {
    const terms = stems[i] ?? [];
    return terms.map((term, k) => ({
      term,
      time_ms: start_ms + ((k + 0.5) / terms.length) * (end_ms - start_ms),
    }));
  });
}
