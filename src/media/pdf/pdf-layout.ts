/**
 * Puts the scattered words of a PDF page into reading order.
 *
 * Words that are drawn one after the other become fragments, fragments beside each other become rows,
 * and rows become lines from top to bottom. Where white space runs down between two stretches of prose
 * or two lists of bullets, these are columns, read one after the other. The cells of a table share their
 * baselines, so a table stays in rows.
 */
import { isSpacedWord } from "./letter-spacing";
import { addRun, type Run, type Script, writeRuns } from "./scripts";

/** A piece of text as drawn. In points from the top left corner of the shown page; `y` is the baseline. */
export type PlacedWord = {
  text: string;
  x: number;
  y: number;
  width: number;
  /** Font size in points. */
  size: number;
  /** Of the baseline, clockwise in radians; NaN for vertical text. */
  angle: number;
  rightToLeft: boolean;
};

export type Line = { text: string; top: number; bottom: number; left: number; size: number };
type Fragment = Line & {
  runs: Run[];
  right: number;
  baseline: number;
  rightToLeft: boolean;
};

export function toReadingOrder(words: PlacedWord[]): Line[] {
  return byDirection(words).flatMap((frame) => {
    const fragments = toFragments(frame);
    return readingOrder(fragments, medianSize(fragments));
  });
}

/** Groups words by direction, each group in its own frame; the direction of most text comes first. */
function byDirection(words: PlacedWord[]): PlacedWord[][] {
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

/** Joins words that follow each other on one baseline. Text drawn twice, to look bold or for a shadow, counts once. */
function toFragments(allWords: PlacedWord[]): Fragment[] {
  const fragments: Fragment[] = [];
  let spaced = false;
  const words = joinSpacedLetters(withoutOverprint(withoutCopies(allWords)));
  for (const [i, word] of words.entries()) {
    const last = fragments.at(-1);
    if (!word.text.trim()) {
      spaced = true;
      continue;
    }
    const gap = last ? gapBetween(last, word) : Number.POSITIVE_INFINITY;
    const size = Math.max(word.size, last?.size ?? 0);
    const isExponent = last !== undefined && isRaisedNumber(last, word, gap);
    const script = isExponent ? "super" : last ? scriptOf(last, word) : "base";
    const isNear =
      last && Math.abs(last.baseline - word.y) < size * (script === "base" ? 0.45 : 0.7);
    const continues = isNear && gap < size * 1.2;
    if (continues && last.text.endsWith(word.text) && gap < -0.8 * word.width) continue;
    const isBefore = last !== undefined && script !== "base" && word.x < last.left;
    if (continues && gap > -size * 0.5 && !isBefore) {
      const isApart = spaced || gap > size * 0.2;
      const gapBefore = last.text.endsWith(" ") ? size * 0.3 : gap;
      const isAttached =
        script !== "base" &&
        !leadsNext(word, words[i + 1], gapBefore) &&
        isIndexOf(last, gapBefore);
      if (isAttached) trimEnd(last);
      extend(last, word, script, isApart && !isAttached ? " " : "");
    } else {
      fragments.push(toFragment(word));
    }
    spaced = false;
  }
  return withoutCopiedFragments(fragments);
}

/** A word drawn again at most this far away, in its own size, is a shadow or an imitation of bold type. */
const COPY_OFFSET = 0.3;

function withoutCopies(words: PlacedWord[]): PlacedWord[] {
  const seen = new Map<string, PlacedWord[]>();
  return words.filter((word) => {
    const same = seen.get(word.text);
    if (!same) seen.set(word.text, [word]);
    else if (word.text.trim() && same.some((other) => isCopy(other, word))) return false;
    else same.push(word);
    return true;
  });
}

/** If each letter is drawn twice, pdfjs ends a word with the first letter of the next word. */
function withoutOverprint(words: PlacedWord[]): PlacedWord[] {
  return words.map((word, i) => {
    const before = words[i - 1];
    const first = [...word.text][0];
    if (!before || first === undefined || !before.text.endsWith(first)) return word;
    const overlap = before.x + before.width - word.x;
    const isOverprint =
      overlap > word.size * 0.15 &&
      overlap < word.size &&
      overlap <= word.width &&
      before.size === word.size &&
      Math.abs(before.y - word.y) < word.size * 0.1;
    if (!isOverprint) return word;
    const text = word.text.slice(first.length).trimStart();
    return { ...word, text, x: word.x + overlap, width: word.width - overlap };
  });
}

const isCopy = (a: PlacedWord, b: PlacedWord) =>
  Math.abs(a.size - b.size) < a.size * 0.1 &&
  Math.abs(a.x - b.x) < Math.min(a.size * COPY_OFFSET, a.width * 0.4) &&
  Math.abs(a.y - b.y) < a.size * COPY_OFFSET;

/** Copies with differently divided words are equal only after their words are joined. */
function withoutCopiedFragments(fragments: Fragment[]): Fragment[] {
  const byText = Map.groupBy(fragments, ({ text }) => text.replace(/\s+/g, ""));
  const copies = new Set<Fragment>();
  for (const same of byText.values()) {
    for (const [i, fragment] of same.entries()) {
      const isCopied = same
        .slice(0, i)
        .some(
          (other) =>
            !copies.has(other) &&
            Math.abs(other.left - fragment.left) <
              Math.min(fragment.size * COPY_OFFSET, (fragment.right - fragment.left) * 0.4) &&
            Math.abs(other.baseline - fragment.baseline) < fragment.size * COPY_OFFSET,
        );
      if (isCopied) copies.add(fragment);
    }
  }
  return fragments.filter((fragment) => !copies.has(fragment));
}

/** Letters that are drawn one by one with equal gaps are a word; a wider gap separates two words. */
function joinSpacedLetters(words: PlacedWord[]): PlacedWord[] {
  const joined: PlacedWord[] = [];
  const isLetter = (word: PlacedWord | undefined) => /^\p{L}\p{M}*$/u.test(word?.text ?? "");
  for (let i = 0; i < words.length; ) {
    const letters: PlacedWord[] = [];
    let end = i;
    while (end < words.length && (isLetter(words[end]) || !words[end]!.text.trim())) {
      const letter = words[end]!;
      const last = letters.at(-1);
      if (isLetter(letter)) {
        const gap = last ? letter.x - (last.x + last.width) : 0;
        const first = letters[1] ? letters[1].x - (letters[0]!.x + letters[0]!.width) : gap;
        const isNext =
          !last ||
          (Math.abs(last.y - letter.y) < letter.size * 0.1 &&
            Math.abs(last.size - letter.size) < letter.size * 0.05 &&
            gap > letter.size * 0.15 &&
            gap < letter.size * 1.5 &&
            Math.abs(gap - first) < Math.max(first * 0.3, letter.size * 0.05));
        if (!isNext) break;
        letters.push(letter);
      }
      end += 1;
    }
    if (isSpacedWord(letters.map(({ text }) => text))) {
      const [first, last] = [letters[0]!, letters.at(-1)!];
      const text = letters.map((letter) => letter.text).join("");
      joined.push({ ...first, text, width: last.x + last.width - first.x });
      i = end;
    } else {
      joined.push(words[i]!);
      i += 1;
    }
  }
  return joined;
}

/** Whether a word is set above or below the line that it continues, in smaller type. */
function scriptOf(line: { size: number; baseline: number }, { size, y }: PlacedWord): Script {
  if (size > line.size * 0.86) return "base";
  const raised = line.baseline - y;
  if (raised > line.size * 0.15) return "super";
  return raised < -line.size * 0.08 ? "sub" : "base";
}

/**
 * Whether a number in full size is an exponent, because it is raised and touches the text before it.
 * Other raised text of that size can be the numerator of a fraction.
 */
function isRaisedNumber(
  { text, size, baseline }: Fragment,
  word: PlacedWord,
  gap: number,
): boolean {
  const raised = (baseline - word.y) / size;
  const isFullSize = word.size > size * 0.86 && word.size < size * 1.1;
  return (
    isFullSize &&
    raised > 0.2 &&
    raised < 0.6 &&
    Math.abs(gap) < size * 0.1 &&
    /[\p{L}\p{N})]$/u.test(text) &&
    /^[+−–-]?\d{1,3}\s*$/u.test(word.text)
  );
}

/** Whether an index belongs to the letter before it. Programs that place each piece leave gaps before exponents. */
function isIndexOf({ text, size }: { text: string; size: number }, gap: number): boolean {
  return gap <= size * (/\d\s*$/.test(text) ? 1 : 0.3);
}

/** pdfjs ends an item with a space where it sees a gap before text of another height. */
function trimEnd({ runs }: Fragment): void {
  const last = runs.at(-1)!;
  last.text = last.text.trimEnd();
}

/** A superscript close to the letter after it, such as the mass of an isotope, belongs to that letter. */
function leadsNext(word: PlacedWord, next: PlacedWord | undefined, gapBefore: number): boolean {
  if (!next || next.size * 0.86 < word.size || next.y <= word.y) return false;
  const gapAfter = next.x - (word.x + word.width);
  return gapBefore > next.size * 0.2 && gapAfter < next.size * 0.1 && /^\p{Lu}/u.test(next.text);
}

function gapBetween(fragment: Fragment, word: PlacedWord): number {
  return Math.max(word.x - fragment.right, fragment.left - (word.x + word.width));
}

function toFragment({ text, x, y, width, size, rightToLeft }: PlacedWord): Fragment {
  return {
    text,
    runs: [{ text, script: "base" }],
    left: x,
    right: x + width,
    top: y - size * 0.8,
    bottom: y + size * 0.2,
    baseline: y,
    size,
    rightToLeft,
  };
}

function extend(fragment: Fragment, word: PlacedWord, script: Script, space: string): void {
  const more = toFragment(word);
  const rightToLeft = fragment.rightToLeft || word.rightToLeft;
  const isOnRight = word.x + word.width / 2 > (fragment.left + fragment.right) / 2;
  const isBefore = rightToLeft === isOnRight;
  if (word.size * 0.86 > fragment.size) {
    // The line began with a superscript or an index, and this word is the letter that it belongs to.
    const small = { ...toWordOf(fragment), size: fragment.size };
    const leading = scriptOf({ size: word.size, baseline: word.y }, small);
    if (leading !== "base" && !isBefore) fragment.runs = [{ text: fragment.text, script: leading }];
    fragment.baseline = word.y;
  }
  if (space) addRun(fragment.runs, { text: space, script: "base" }, isBefore);
  addRun(fragment.runs, { text: word.text, script }, isBefore);
  fragment.text = fragment.runs.map(({ text }) => text).join("");
  fragment.left = Math.min(fragment.left, more.left);
  fragment.right = Math.max(fragment.right, more.right);
  fragment.size = Math.max(fragment.size, word.size);
  fragment.top = Math.min(fragment.top, more.top);
  fragment.bottom = Math.max(fragment.bottom, more.bottom);
}

const toWordOf = ({ text, left, right, baseline, size, rightToLeft }: Fragment): PlacedWord => ({
  text,
  x: left,
  y: baseline,
  width: right - left,
  size,
  angle: 0,
  rightToLeft,
});

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

/** The rows from `first` on that share a gutter, split at it, when the two sides are columns. */
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
function areColumns(left: Fragment[], right: Fragment[]): boolean {
  if (left.length === 0 || right.length === 0) return false;
  const sides = [left, right].map(toLines);
  if (sides.every(isList)) return true;
  const [prose, other] = isProse(left) ? [left, right] : [right, left];
  if (!isProse(prose)) return false;
  if (!isOnLinesOf(prose, other)) return true;
  return isProse(other) && sides.some(flows);
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
  const rightToLeft = fragments.filter((f) => f.rightToLeft).length * 2 > fragments.length;
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
    addRun(runs, { text: gap > size * 1.5 ? "\t" : " ", script: "base" });
    for (const run of fragment.runs) addRun(runs, run);
  }
  return {
    text: writeRuns(runs).trim(),
    top: Math.min(...ordered.map(({ top }) => top)),
    bottom: Math.max(...ordered.map(({ bottom }) => bottom)),
    left: Math.min(...ordered.map(({ left }) => left)),
    size: Math.max(...ordered.map(({ size }) => size)),
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
