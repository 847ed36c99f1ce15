/**
 * Puts the scattered words of a PDF page into the order in which a person reads them.
 *
 * Words that are drawn one after the other become fragments, fragments beside each other become rows,
 * and rows become lines from top to bottom, unless white space runs down beside a stretch of prose: then
 * there are columns, read one after the other. The cells of a table share their baselines: it stays rows.
 */

/** A piece of text as drawn. Points from the top left corner of the shown page; `y` is the baseline. */
export type Word = {
  text: string;
  x: number;
  y: number;
  width: number;
  /** Font size. */
  size: number;
  /** Of the baseline, clockwise in radians; NaN for text that is set from top to bottom. */
  angle: number;
  rightToLeft: boolean;
};

export type Line = { text: string; top: number; bottom: number; left: number; size: number };
type Fragment = Line & { right: number; baseline: number; rightToLeft: boolean };

export function toReadingOrder(words: Word[]): Line[] {
  return byDirection(words).flatMap((frame) => {
    const fragments = toFragments(frame);
    return readingOrder(fragments, medianSize(fragments));
  });
}

/** Text that runs in another direction than most is read last, each direction in its own frame. */
function byDirection(words: Word[]): Word[][] {
  const frames = Map.groupBy(words, ({ angle }) => Math.round(angle / (Math.PI / 12)) % 24);
  return [...frames.values()]
    .sort((a, b) => characters(b) - characters(a))
    .map((frame) => {
      const angle = frame[0]!.angle || 0;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      return frame.map((word) => ({
        ...word,
        x: word.x * cos + word.y * sin,
        y: word.y * cos - word.x * sin,
      }));
    });
}

/** Joins what is drawn in one go on one baseline; text drawn twice to look bold counts once. */
function toFragments(words: Word[]): Fragment[] {
  const fragments: Fragment[] = [];
  let spaced = false;
  for (const word of words) {
    const last = fragments.at(-1);
    if (!word.text.trim()) {
      spaced = true;
      continue;
    }
    const gap = last ? gapBetween(last, word) : Number.POSITIVE_INFINITY;
    const size = Math.max(word.size, last?.size ?? 0);
    const continues = last && Math.abs(last.baseline - word.y) < size * 0.45 && gap < size * 1.2;
    if (continues && last.text.endsWith(word.text) && gap < -0.8 * word.width) continue;
    if (continues && gap > -size * 0.5) {
      const space = spaced || gap > size * 0.2 ? " " : "";
      extend(last, word, space);
    } else {
      fragments.push(toFragment(word));
    }
    spaced = false;
  }
  return fragments;
}

function gapBetween(fragment: Fragment, word: Word): number {
  return Math.max(word.x - fragment.right, fragment.left - (word.x + word.width));
}

function toFragment({ text, x, y, width, size, rightToLeft }: Word): Fragment {
  const [top, bottom] = [y - size * 0.8, y + size * 0.2];
  return { text, left: x, right: x + width, top, bottom, baseline: y, size, rightToLeft };
}

function extend(fragment: Fragment, word: Word, space: string): void {
  const more = toFragment(word);
  const rightToLeft = fragment.rightToLeft || word.rightToLeft;
  const isOnRight = word.x + word.width / 2 > (fragment.left + fragment.right) / 2;
  const isBefore = rightToLeft === isOnRight;
  fragment.text = isBefore ? word.text + space + fragment.text : fragment.text + space + word.text;
  fragment.left = Math.min(fragment.left, more.left);
  fragment.right = Math.max(fragment.right, more.right);
  if (word.size > fragment.size) fragment.baseline = word.y; // an index hangs on its letter
  fragment.size = Math.max(fragment.size, word.size);
  fragment.top = Math.min(fragment.top, more.top);
  fragment.bottom = Math.max(fragment.bottom, more.bottom);
}

/** More is a table or a map; looking for columns in one of 20 000 cells would take minutes. */
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
      lines.push(...toLines(rows[first]!));
      first += 1;
    }
  }
  return lines;
}

/** Rows share no height with each other: a ruler laid between two of them touches no text. */
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

type Interval = { left: number; right: number };

/** The run of rows from `first` on through which a gutter goes, split there, if both sides are prose. */
function columnsFrom(rows: Fragment[][], first: number, size: number) {
  let gutters: Interval[] = [{ left: Number.NEGATIVE_INFINITY, right: Number.POSITIVE_INFINITY }];
  let end = first;
  for (; end < rows.length; end++) {
    const open = rows[end]!.reduce(cutOut, gutters).filter((gap) => gap.right - gap.left > size);
    if (!open.some(isInside)) break;
    gutters = open;
  }
  for (const { left: gutter } of gutters.filter(isInside)) {
    const isLeft = (fragment: Fragment) => fragment.right <= gutter + 0.01;
    const open = rows.slice(first, end);
    const run = open.slice(0, endOfColumns(open, isLeft, size));
    const [left, right] = split(run.flat(), isLeft);
    if (!areColumns(left, right)) continue;
    const rightFirst = right.filter((f) => f.rightToLeft).length * 2 > right.length;
    return { end: first + run.length, parts: rightFirst ? [right, left] : [left, right] };
  }
  return null;
}

/** Columns end at a wide gap, or below the last row that is in both and what follows it closely. */
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

/** Prose beside prose, or beside a figure: its labels do not stand on the lines of the prose. */
function areColumns(left: Fragment[], right: Fragment[]): boolean {
  const [prose, other] = isProse(left) ? [left, right] : [right, left];
  return isProse(prose) && other.length > 0 && (isProse(other) || !isOnLinesOf(prose, other));
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

/** A wide gap in a line is a tab: it keeps the cells of a table apart. */
function toLine(fragments: Fragment[]): Line {
  const rightToLeft = fragments.filter((f) => f.rightToLeft).length * 2 > fragments.length;
  const ordered = fragments.toSorted((a, b) => (rightToLeft ? b.right - a.right : a.left - b.left));
  let text = ordered[0]!.text;
  for (const [i, fragment] of ordered.slice(1).entries()) {
    const before = ordered[i]!;
    const gap = rightToLeft ? before.left - fragment.right : fragment.left - before.right;
    text += (gap > Math.max(before.size, fragment.size) * 1.5 ? "\t" : " ") + fragment.text;
  }
  return {
    text: text.trim(),
    top: Math.min(...ordered.map(({ top }) => top)),
    bottom: Math.max(...ordered.map(({ bottom }) => bottom)),
    left: Math.min(...ordered.map(({ left }) => left)),
    size: Math.max(...ordered.map(({ size }) => size)),
  };
}

/** Without the spaces around. */
export function characters(items: { text: string }[]): number {
  return items.reduce((sum, { text }) => sum + text.trim().length, 0);
}

/** The size that most of the characters have. */
export function medianSize(lines: { text: string; size: number }[]): number {
  let half = characters(lines) / 2;
  for (const line of lines.toSorted((a, b) => a.size - b.size)) {
    half -= line.text.trim().length;
    if (half <= 0) return line.size;
  }
  return 0;
}
