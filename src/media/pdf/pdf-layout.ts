/**
 * Puts the scattered words of a PDF page into reading order.
 *
 * Words that are drawn one after the other become fragments (`text-fragments.ts`), fragments beside each other become rows,
 * and rows become lines from top to bottom. Where white space runs down between two stretches of prose
 * or two lists of bullets, these are columns, read one after the other. The cells of a table share their
 * baselines, so a table stays in rows.
 */
import { joinFormulas, type Rule } from "./formulas";
import { joinFractions } from "./fractions";
import { isRightToLeft } from "./right-to-left";
import { addRun, writeRuns } from "./scripts";
import {
  type Fragment,
  isIndexOf,
  type PlacedWord,
  scriptOf,
  toFragments,
  toWordOf,
} from "./text-fragments";

export type Line = {
  text: string;
  top: number;
  bottom: number;
  left: number;
  size: number;
  /** Width of a character in points, of each word. */
  advances: number[];
  /** Set for text across the page at an angle, such as a watermark. */
  tilted?: true;
};

/** @param rules  thin horizontal lines, such as the bars of fractions */
export function toReadingOrder(words: PlacedWord[], rules: readonly Rule[] = []): Line[] {
  return byDirection(words).flatMap((frame) => {
    const isUpright = stepOf(frame.words[0]!) === 0;
    const joined = isUpright ? joinFormulas(frame.words, rules, writeLine) : frame.words;
    const fragments = toFragments(joinFractions(joined));
    const lines = readingOrder(fragments, medianSize(fragments));
    return frame.tilted ? lines.map((line) => ({ ...line, tilted: true as const })) : lines;
  });
}

function writeLine(words: PlacedWord[]): string | null {
  const lines = toLines(toFragments(joinFractions(words)));
  return lines.length === 1 ? lines[0]!.text : null;
}

/** Steps of 15 degrees; six of them are a right angle. */
const stepOf = ({ angle }: PlacedWord) => Math.round(angle / (Math.PI / 12)) % 24;
const isTilted = ([word]: PlacedWord[]) => Math.abs(stepOf(word!) % 6) > 0;

/** A turned label that is longer than a short title does not come before it. */
const UPRIGHT_WEIGHT = 6;
const weightOf = (frame: PlacedWord[]) =>
  characters(frame) * (stepOf(frame[0]!) === 0 ? UPRIGHT_WEIGHT : 1);

/**
 * Groups words by direction, each group in its own frame; the direction of most text comes first, upright
 * text with a preference, and tilted text last.
 */
function byDirection(words: PlacedWord[]): { words: PlacedWord[]; tilted: boolean }[] {
  const frames = Map.groupBy(words, stepOf);
  return [...frames.values()]
    .sort((a, b) => Number(isTilted(a)) - Number(isTilted(b)) || weightOf(b) - weightOf(a))
    .map((frame) => {
      const { angle } = frame[0]!;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const turned = frame.map((word) => ({
        ...word,
        x: word.x * cos + word.y * sin,
        y: word.y * cos - word.x * sin,
      }));
      return { words: turned, tilted: isTilted(frame) };
    });
}

/** A page with more fragments is a table or a map; the search for columns in 20 000 cells takes minutes. */
const MAX_FRAGMENTS_IN_COLUMNS = 2_000;

function readingOrder(fragments: Fragment[], size: number): Line[] {
  const rows = toRows(fragments);
  if (fragments.length > MAX_FRAGMENTS_IN_COLUMNS) return rows.flatMap(toLines);
  const lines: Line[] = [];
  for (let first = 0; first < rows.length; ) {
    const columns = columnsFrom(rows, first, size);
    if (columns) {
      lines.push(...columns.parts.flatMap((part) => readingOrder(part, size)));
      first = columns.end;
    } else {
      const row = [...rows[first]!];
      first += 1;
      while (first < rows.length && continuesCells(row, rows[first]!)) {
        joinCells(row, rows[first]!);
        first += 1;
      }
      lines.push(...toLines(row));
    }
  }
  return lines;
}

/** Rows do not overlap in height. */
function toRows(fragments: Fragment[]): Fragment[][] {
  const rows: Fragment[][] = [];
  let bottom = Number.NEGATIVE_INFINITY;
  for (const fragment of fragments.toSorted((a, b) => a.top - b.top)) {
    if (fragment.top >= bottom - fragment.size * 0.2) rows.push([]);
    rows.at(-1)!.push(fragment);
    bottom = Math.max(bottom, fragment.bottom);
  }
  return rows;
}

/** Whether a row contains only second lines of cells of the row above it. */
function continuesCells(row: Fragment[], next: Fragment[]): boolean {
  const cells = row.toSorted((a, b) => a.left - b.left);
  const isTable = cells.some(
    (cell, i) => i > 0 && cell.left - cells[i - 1]!.right > cell.size * 1.5,
  );
  const first = cells[0]!;
  const bottom = Math.max(...row.map((cell) => cell.bottom));
  return (
    isTable &&
    !row.some(({ rightToLeft }) => rightToLeft) &&
    next.every(
      (fragment) =>
        fragment.top - bottom < fragment.size * 0.35 &&
        Math.abs(fragment.left - first.left) > fragment.size &&
        cells.some((cell) => isBelow(cell, fragment)),
    )
  );
}

const isBelow = (cell: Fragment, { left, size }: Fragment) =>
  Math.abs(cell.left - left) < 1.5 && Math.abs(cell.size - size) < 0.5;

function joinCells(row: Fragment[], next: Fragment[]): void {
  for (const fragment of next) {
    const at = row.findIndex((cell) => isBelow(cell, fragment));
    const cell = row[at]!;
    const runs = cell.runs.map((run) => ({ ...run }));
    addRun(runs, { text: " ", script: "base" });
    for (const run of fragment.runs) addRun(runs, run);
    const text = `${cell.text} ${fragment.text}`;
    const right = Math.max(cell.right, fragment.right);
    row[at] = { ...cell, runs, text, right, bottom: fragment.bottom };
  }
}

type Interval = { left: number; right: number };

/** The least width of a gutter, in font sizes: articles have one of the font size, with hyphens that project into it. */
const GUTTER = 0.75;

/** The rows from `first` on that share a gutter, split at it, when the two sides are columns. */
function columnsFrom(rows: Fragment[][], first: number, size: number) {
  let gutters: Interval[] = [{ left: Number.NEGATIVE_INFINITY, right: Number.POSITIVE_INFINITY }];
  let end = first;
  for (; end < rows.length; end++) {
    const open = rows[end]!.reduce(cutOut, gutters).filter(
      (gap) => gap.right - gap.left > size * GUTTER,
    );
    if (!open.some(isInside)) break;
    gutters = open;
  }
  for (const { left: gutter } of gutters.filter(isInside)) {
    const isLeft = (fragment: Fragment) => fragment.right <= gutter + 0.01;
    const open = rows.slice(first, end);
    const run = open.slice(0, endOfColumns(open, isLeft, size));
    const [left, right] = split(run.flat(), isLeft);
    if (!areColumns(left, right, size)) continue;
    const rightFirst = right.filter((f) => f.rightToLeft).length * 2 > right.length;
    return { end: first + run.length, parts: rightFirst ? [right, left] : [left, right] };
  }
  return null;
}

/** Columns end at a wide gap, or after the last row with text in both and the rows close below it. */
function endOfColumns(rows: Fragment[][], isLeft: (f: Fragment) => boolean, size: number): number {
  const gapAbove = (i: number) =>
    rows[i]![0]!.top - Math.max(...rows[i - 1]!.map(({ bottom }) => bottom));
  const wideGap = rows.findIndex((_, i) => i > 0 && gapAbove(i) > size * 2);
  const close = wideGap < 0 ? rows : rows.slice(0, wideGap);
  let end = 1 + close.findLastIndex((row) => row.some(isLeft) && !row.every(isLeft));
  while (end > 0 && end < close.length && gapAbove(end) < size) end++;
  return end;
}

function split<T>(items: T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

function cutOut(gaps: Interval[], { left, right }: Interval): Interval[] {
  return gaps.flatMap((gap) => {
    if (right <= gap.left || left >= gap.right) return [gap];
    return [
      { left: gap.left, right: left },
      { left: right, right: gap.right },
    ].filter((rest) => rest.right > rest.left);
  });
}

function isInside({ left, right }: Interval): boolean {
  return Number.isFinite(left) && Number.isFinite(right);
}

/**
 * True for prose beside prose, lists of bullets beside each other, or prose beside a figure with labels
 * on other lines.
 */
function areColumns(left: Fragment[], right: Fragment[], size: number): boolean {
  if (left.length === 0 || right.length === 0) return false;
  const sides = [left, right].map(toLines);
  if (sides.every(isList)) return true;
  const [prose, other] = isProse(left) ? [left, right] : [right, left];
  if (!isProse(prose)) return false;
  if (!isOnLinesOf(prose, other)) return true;
  return (isProse(other) || areAllColumns(other, size)) && sides.some(flows);
}

/** Of three columns, the second and the third are beside the first. */
function areAllColumns(fragments: Fragment[], size: number): boolean {
  const rows = toRows(fragments);
  const columns = columnsFrom(rows, 0, size);
  return columns !== null && columns.end > 2;
}

const BULLET =
  /^\s*([•‣▪▫◦●○■□►▶▸➢➤✓✔✗✘–—\-*·∙§Ø\uf020-\uf0ff]|[oqvu](?=\s)|\(?(\d{1,2}|[a-z])[.)])\s*\S/u;

/** At least two bullets, and few lines beside them: a heading, and bullets that wrap. */
function isList(lines: Line[]): boolean {
  const bullets = lines.filter(({ text }) => BULLET.test(text)).length;
  return bullets >= 2 && bullets >= lines.length * 0.4;
}

/**
 * Sentences run on from line to line; the cells of a table begin with a capital letter or a number. Scripts
 * without capitals count as running on.
 */
function flows(lines: Line[]): boolean {
  const runOn = lines.slice(1).filter(({ text }) => /^[\p{Ll}\p{Lo}]/u.test(text)).length;
  return runOn >= (lines.length - 1) * 0.3;
}

/** At least three lines without cells, of at least fifteen characters on average. */
function isProse(fragments: Fragment[]): boolean {
  const lines = toLines(fragments).filter(({ text }) => !text.includes("\t"));
  return lines.length >= 3 && characters(lines) / lines.length >= 15;
}

/** Most of the others share a baseline with the prose, as the cells of a table row do. */
function isOnLinesOf(prose: Fragment[], others: Fragment[]): boolean {
  const onLine = others.filter((other) =>
    prose.some(({ baseline }) => Math.abs(baseline - other.baseline) < 1),
  );
  return onLine.length > others.length / 2;
}

function toLines(fragments: Fragment[]): Line[] {
  const lines: Fragment[][] = [];
  for (const fragment of fragments.toSorted((a, b) => a.baseline - b.baseline)) {
    const last = lines.at(-1)?.at(-1);
    const size = Math.max(fragment.size, last?.size ?? 0);
    if (!last || fragment.baseline - last.baseline > size * 0.45) lines.push([]);
    lines.at(-1)!.push(fragment);
  }
  return lines.map(toLine);
}

/** A wide gap in a line becomes a tab, which separates the cells of a table. */
function toLine(fragments: Fragment[]): Line {
  const rightToLeft = isRightToLeft(fragments);
  const ordered = fragments.toSorted((a, b) => (rightToLeft ? b.right - a.right : a.left - b.left));
  const runs = ordered[0]!.runs.map((run) => ({ ...run }));
  for (const [i, fragment] of ordered.slice(1).entries()) {
    const before = ordered[i]!;
    const gap = rightToLeft ? before.left - fragment.right : fragment.left - before.right;
    const size = Math.max(before.size, fragment.size);
    const script = scriptOf(before, toWordOf(fragment));
    if (script !== "base" && gap > -size * 0.3 && isIndexOf(before, gap)) {
      addRun(runs, { text: fragment.text, script });
      continue;
    }
    const isAttached = gap < size * 0.12 && before.rightToLeft !== fragment.rightToLeft;
    if (!isAttached) addRun(runs, { text: gap > size * 1.5 ? "\t" : " ", script: "base" });
    for (const run of fragment.runs) addRun(runs, run);
  }
  return {
    text: writeRuns(runs).trim(),
    top: Math.min(...ordered.map(({ top }) => top)),
    bottom: Math.max(...ordered.map(({ bottom }) => bottom)),
    left: Math.min(...ordered.map(({ left }) => left)),
    size: Math.max(...ordered.map(({ size }) => size)),
    advances: ordered.flatMap(({ advances }) => advances),
  };
}

/** Counts characters, without the spaces around each item. */
export function characters(items: { text: string }[]): number {
  return items.reduce((sum, { text }) => sum + text.trim().length, 0);
}

/** The type size of the median character. */
export function medianSize(lines: { text: string; size: number }[]): number {
  let half = characters(lines) / 2;
  for (const line of lines.toSorted((a, b) => a.size - b.size)) {
    half -= line.text.trim().length;
    if (half <= 0) return line.size;
  }
  return 0;
}
