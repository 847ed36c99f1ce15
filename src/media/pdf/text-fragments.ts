/**
 * Joins the words of a PDF page, as they are drawn, to fragments: removes copies, closes up letters with
 * spaces between them, and finds exponents and indices.
 */
import { isSpacedWord } from "./letter-spacing";
import { addRun, type Run, type Script } from "./scripts";

/** A piece of text as drawn. In points from the top left corner of the shown page; `y` is the baseline. */
export type PlacedWord = {
  text: string;
  x: number;
  y: number;
  width: number;
  /** Font size in points. */
  size: number;
  /** Of the baseline, clockwise in radians; a right angle for vertical text. */
  angle: number;
  rightToLeft: boolean;
};

/** Words that follow each other on one baseline. In points, as `PlacedWord`. */
export type Fragment = {
  text: string;
  top: number;
  bottom: number;
  left: number;
  /** The largest font size in points. */
  size: number;
  runs: Run[];
  /** Width of a character in points, of each word; all are equal in a typewriter font. */
  advances: number[];
  right: number;
  baseline: number;
  rightToLeft: boolean;
};

/** Joins words that follow each other on one baseline. Text drawn twice, to look bold or for a shadow, counts once. */
export function toFragments(allWords: PlacedWord[]): Fragment[] {
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
    const isOneDirection =
      last?.rightToLeft === word.rightToLeft ||
      script !== "base" ||
      !/[\p{L}\p{N}]/u.test(word.text);
    const continues = isNear && gap < size * 1.2 && isOneDirection;
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
export function scriptOf(
  line: { size: number; baseline: number },
  { size, y }: PlacedWord,
): Script {
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
export function isIndexOf({ text, size }: { text: string; size: number }, gap: number): boolean {
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
    advances: [width / text.trimEnd().length],
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
  const { rightToLeft } = word.text.length > fragment.text.length ? word : fragment;
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
  fragment.advances.push(...more.advances);
  fragment.rightToLeft = rightToLeft;
  fragment.left = Math.min(fragment.left, more.left);
  fragment.right = Math.max(fragment.right, more.right);
  fragment.size = Math.max(fragment.size, word.size);
  fragment.top = Math.min(fragment.top, more.top);
  fragment.bottom = Math.max(fragment.bottom, more.bottom);
}

export const toWordOf = ({
  text,
  left,
  right,
  baseline,
  size,
  rightToLeft,
}: Fragment): PlacedWord => ({
  text,
  x: left,
  y: baseline,
  width: right - left,
  size,
  angle: 0,
  rightToLeft,
});
