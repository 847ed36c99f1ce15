/** Compares groups with labels, item by item (B-cubed): how pure and how complete the group of an item is. */
export function bCubed(
  labels: readonly string[],
  groups: readonly (readonly number[])[],
): { precision: number; recall: number; f1: number } {
  const scores = groups.flatMap((group) =>
    group.map((item) => {
      const right = group.filter((other) => labels[other] === labels[item]).length;
      const all = labels.filter((label) => label === labels[item]).length;
      return { precision: right / group.length, recall: right / all };
    }),
  );
  const mean = (of: "precision" | "recall") =>
    scores.reduce((sum, score) => sum + score[of], 0) / scores.length;
  const [precision, recall] = [mean("precision"), mean("recall")];
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) };
}
