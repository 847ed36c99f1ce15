/** Finds the first and last lines that the pages of a scan repeat, such as a header or a scanner's stamp. */

/** Lines at the top and at the bottom of a page that can be a header or footer. */
const EDGE_LINES = 2;
const MIN_PAGES = 3;
const MIN_SHARE = 0.3;

/** The texts without the repeated lines, in the same order. A text of such lines only stays as it is. */
export function withoutRepeatedLines(texts: string[]): string[] {
  const pages = texts.map((text) => text.split("\n"));
  const counts = new Map<string, number>();
  for (const lines of pages) {
    for (const key of new Set(edgesOf(lines).map((i) => toKey(lines[i]!)))) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const least = Math.max(MIN_PAGES, pages.length * MIN_SHARE);
  return pages.map((lines, page) => {
    const repeated = new Set(
      edgesOf(lines).filter((i) => (counts.get(toKey(lines[i]!)) ?? 0) >= least),
    );
    const own = lines
      .filter((_, i) => !repeated.has(i))
      .join("\n")
      .trim();
    return own === "" ? texts[page]! : own;
  });
}

function edgesOf(lines: string[]): number[] {
  const filled = lines.flatMap((line, i) => (line.trim() === "" ? [] : [i]));
  return [...new Set([...filled.slice(0, EDGE_LINES), ...filled.slice(-EDGE_LINES)])];
}

/** Replaces all numbers by the same one, so that footers with different page numbers are equal. */
const toKey = (line: string) => line.trim().toLowerCase().replace(/\d+/g, "#").replace(/\s+/g, " ");
