/**
 * Finds the lines that a deck repeats at the edge of its pages or across them: headers, footers, page
 * numbers, watermarks. They are unrelated to the content of a page, so they must not be quoted.
 */
import type { Line } from "./pdf-layout";

/** The data of a page that is kept until all pages are known. */
export type PageEdges = {
  /** Cells that could be a header or footer, each with its place. */
  edges: Set<string>;
  /** The other lines. */
  body: Set<string>;
};

/** Share of the height that is an edge, at the top and at the bottom. */
const EDGE = 0.16;
const MIN_PAGES = 3;
/** Share of the pages, where the states of one slide count once. */
const MIN_SHARE = 0.2;
/** If all text has one size, only a header on many pages can be distinguished from a title. */
const MIN_SHARE_ONE_SIZE = 0.5;
/** Neighbouring pages with at least this share of common lines are states of one slide. */
const SAME_SLIDE = 0.6;

/** @param height of the page in points */
export function edgesOf(lines: Line[], height: number): PageEdges {
  const isEdge = edgeTest(lines, height);
  const keyOf = keysOn(lines, height);
  const cells = lines
    .filter(isEdge)
    .flatMap((line) => cellsOf(line.text).map((cell) => keyOf(line, cell)));
  return {
    edges: new Set(cells),
    body: new Set(lines.filter((line) => !isEdge(line)).map(({ text }) => text)),
  };
}

/** @returns the keys of the cells that run through the deck */
export function findRunningCells(pages: PageEdges[]): ReadonlySet<string> {
  const groups: Set<string>[] = [];
  let before: PageEdges | undefined;
  for (const page of pages) {
    if (before && isSameSlide(before, page)) {
      for (const key of page.edges) groups.at(-1)!.add(key);
    } else {
      groups.push(new Set(page.edges));
    }
    before = page;
  }
  const counts = new Map<string, number>();
  for (const key of groups.flatMap((group) => [...group])) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const least = (key: string) =>
    Math.max(
      MIN_PAGES,
      groups.length * (key.startsWith(ONE_SIZE) ? MIN_SHARE_ONE_SIZE : MIN_SHARE),
    );
  return new Set([...counts].filter(([key, count]) => count >= least(key)).map(([key]) => key));
}

/** Separates the page's own lines from running headers and footers. */
export function withoutRunningCells(
  lines: Line[],
  height: number,
  running: ReadonlySet<string>,
): { lines: Line[]; running: string[] } {
  const isEdge = edgeTest(lines, height);
  const keyOf = keysOn(lines, height);
  const removed: string[] = [];
  const own = lines.flatMap((line) => {
    if (!isEdge(line)) return [line];
    const cells = cellsOf(line.text);
    const kept = cells.filter((cell) => !running.has(keyOf(line, cell)));
    removed.push(...cells.filter((cell) => !kept.includes(cell)));
    return kept.length > 0 ? [{ ...line, text: kept.join("\t") }] : [];
  });
  return { lines: own, running: removed };
}

function isSameSlide(a: PageEdges, b: PageEdges): boolean {
  const least = Math.min(a.body.size, b.body.size);
  return least > 0 && a.body.intersection(b.body).size >= least * SAME_SLIDE;
}

const straightSizes = (lines: Line[]) =>
  lines.filter(({ tilted }) => !tilted).map(({ size }) => size);

/**
 * Small type at an edge, and tilted text; the largest type of a page is its title, unless all of it has
 * one size.
 */
function edgeTest(lines: Line[], height: number): (line: Line) => boolean {
  const sizes = straightSizes(lines);
  const largest = Math.max(0, ...sizes);
  const hasOneSize = Math.min(...sizes) > largest * 0.95;
  return ({ top, bottom, size, text, tilted }) =>
    tilted ||
    ((bottom < height * EDGE || top > height * (1 - EDGE)) &&
      (hasOneSize || isNumber(text) || size < largest * 0.95));
}

const cellsOf = (text: string) => text.split("\t").filter((cell) => cell.trim() !== "");

/** Prefix of the keys of pages on which all type has one size. */
const ONE_SIZE = "=";
/** Prefix of the keys of tilted cells, which have no place. */
const TILTED = "/";

/** The place and the text of a cell, with every number as `#`. */
function keysOn(lines: Line[], height: number): (line: Line, cell: string) => string {
  const sizes = straightSizes(lines);
  const kind = Math.min(...sizes) > Math.max(...sizes) * 0.95 ? ONE_SIZE : "";
  return (line, cell) => {
    if (line.tilted) return `${TILTED}${cell.trim().toLowerCase()}`;
    if (isNumber(cell)) return "#";
    const place = Math.round((line.bottom / height) * 40);
    return `${kind}${place} ${cell.trim().toLowerCase().replace(/\d+/g, "#")}`;
  };
}

const isNumber = (text: string) =>
  /^[\s\-–—|/.·]*(\d+|[ivxlc]+)([\s/|–-]+\d+)?[\s\-–—|/.·]*$/i.test(text);
