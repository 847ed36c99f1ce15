/**
 * Puts lines with right-to-left text into the order in which they are read. PDFs place the pieces of such a line
 * where they are seen: Arabic often letter by letter, and numbers and Latin words between them.
 */
import type { PlacedWord } from "./text-fragments";

type Piece = PlacedWord & { isNeutral: boolean };

/** Joins the pieces of right-to-left lines to stretches of one direction. Other words stay as they are. */
export function joinRightToLeft(words: PlacedWord[]): PlacedWord[] {
  if (!words.some(({ rightToLeft }) => rightToLeft)) return words;
  return toTouching(words).flatMap((group) =>
    group.some(({ rightToLeft }) => rightToLeft) ? toStretches(group) : group,
  );
}

/** Words that are drawn one after the other and touch, on one line and in one size. */
function toTouching(words: PlacedWord[]): PlacedWord[][] {
  const groups: { words: PlacedWord[]; left: number; right: number }[] = [];
  for (const word of words) {
    if (word.text === "") continue;
    const group = groups.at(-1);
    const end = word.x + word.width;
    if (group && isOnLineOf(group.words[0]!, word) && isBeside(group, word)) {
      group.words.push(word);
      group.left = Math.min(group.left, word.x);
      group.right = Math.max(group.right, end);
    } else {
      groups.push({ words: [word], left: word.x, right: end });
    }
  }
  return groups.map((group) => group.words);
}

const isOnLineOf = (first: PlacedWord, word: PlacedWord) =>
  Math.abs(first.y - word.y) < first.size * 0.1 &&
  Math.abs(first.size - word.size) < first.size * 0.05 &&
  first.angle === word.angle;

/** Spaces at the end of pieces overlap the next piece. */
function isBeside({ left, right }: { left: number; right: number }, word: PlacedWord): boolean {
  const gap = Math.max(word.x - right, left - (word.x + word.width));
  return Math.abs(gap) < word.size * 0.5;
}

function toStretches(group: PlacedWord[]): PlacedWord[] {
  const pieces = group
    .toSorted((a, b) => a.x - b.x)
    .map((word): Piece => ({ ...word, isNeutral: !/[\p{L}\p{N}]/u.test(word.text) }));
  const isRightToLeftLine = isRightToLeft(pieces);
  const directed = withDirections(pieces, isRightToLeftLine);
  const stretches: Piece[][] = [];
  for (const piece of directed) {
    const last = stretches.at(-1);
    if (last && last[0]!.rightToLeft === piece.rightToLeft) last.push(piece);
    else stretches.push([piece]);
  }
  const joined = stretches.flatMap((stretch) => joinStretch(stretch, isRightToLeftLine));
  const inReadingOrder = isRightToLeftLine ? joined.toReversed() : joined;
  const ofDirection = inReadingOrder.filter(({ rightToLeft }) => rightToLeft);
  if (hasTurnedBrackets(ofDirection.map(({ text }) => text).join(""))) {
    for (const word of ofDirection) word.text = mirrored(word.text);
  }
  return joined;
}

/** The direction in which most letters of a line are read. */
export function isRightToLeft(pieces: { text: string; rightToLeft: boolean }[]): boolean {
  let balance = 0;
  for (const { text, rightToLeft } of pieces) {
    const letters = text.match(/\p{L}/gu)?.length ?? 0;
    balance += rightToLeft ? letters : -letters;
  }
  return balance > 0;
}

/** Spaces and punctuation have the direction of the text on both sides, else that of the line. */
function withDirections(pieces: Piece[], isRightToLeftLine: boolean): Piece[] {
  const before = directionsBefore(pieces);
  const after = directionsBefore(pieces.toReversed()).toReversed();
  const directed = pieces.map((piece, i) => {
    if (!piece.isNeutral) return piece;
    const rightToLeft = before[i] === after[i] ? before[i] : undefined;
    return { ...piece, rightToLeft: rightToLeft ?? isRightToLeftLine };
  });
  turnBrackets(directed);
  return directed;
}

/** Brackets have the direction of the text between them, if that is read from left to right. */
function turnBrackets(pieces: Piece[]): void {
  const open: { bracket: Piece; at: number; hasRightToLeft: boolean }[] = [];
  for (const [i, piece] of pieces.entries()) {
    if (piece.isNeutral && /^[([{]$/.test(piece.text)) {
      open.push({ bracket: piece, at: i, hasRightToLeft: false });
      continue;
    }
    const pair = /[)\]}]/.test(piece.text) ? open.pop() : undefined;
    if (pair && piece.isNeutral && !pair.hasRightToLeft && pair.at < i - 1) {
      pair.bracket.rightToLeft = false;
      piece.rightToLeft = false;
    }
    const around = open.at(-1);
    if (around && (piece.rightToLeft || pair?.bracket.rightToLeft)) around.hasRightToLeft = true;
  }
}

/** The direction of the last text before each piece. */
function directionsBefore(pieces: Piece[]): (boolean | undefined)[] {
  let direction: boolean | undefined;
  return pieces.map(({ isNeutral, rightToLeft }) => {
    if (!isNeutral) direction = rightToLeft;
    return direction;
  });
}

function joinStretch(pieces: Piece[], isRightToLeftLine: boolean): PlacedWord[] {
  const inked = pieces.filter(({ text }) => text.trim() !== "");
  const [first, last] = [inked[0], inked.at(-1)];
  if (!first || !last) return [];
  const shown = pieces.slice(pieces.indexOf(first), pieces.indexOf(last) + 1);
  const inOrder = first.rightToLeft ? shown.toReversed() : shown;
  const text = inOrder
    .map((piece) => (piece.rightToLeft && piece.isNeutral ? reversed(piece.text) : piece.text))
    .join("")
    .trim();
  const { isNeutral: _, ...place } = first;
  return [
    {
      ...place,
      text: isRightToLeftLine && !first.rightToLeft ? withMovedPunctuation(text) : text,
      width: last.x + last.width - first.x,
    },
  ];
}

const reversed = (text: string) => [...text].toReversed().join("");

const OPENING = "([{«";
const CLOSING = ")]}»";

const mirrored = (text: string) =>
  text.replace(/[()[\]{}«»]/g, (bracket) => {
    const i = OPENING.indexOf(bracket);
    return i < 0 ? OPENING[CLOSING.indexOf(bracket)]! : CLOSING[i]!;
  });

/** Some programs give the shape of a bracket, others its meaning; the pairs show which. */
function hasTurnedBrackets(text: string): boolean {
  return unmatchedBrackets(mirrored(text)) < unmatchedBrackets(text);
}

function unmatchedBrackets(text: string): number {
  let open = 0;
  let unmatched = 0;
  for (const character of text) {
    if (OPENING.includes(character)) open += 1;
    else if (CLOSING.includes(character) && open > 0) open -= 1;
    else if (CLOSING.includes(character)) unmatched += 1;
  }
  return open + unmatched;
}

const PUNCTUATION = ".,:;!?…";

/** In a right-to-left line, punctuation left of a number or a Latin word follows it. The time is linear. */
function withMovedPunctuation(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && PUNCTUATION.includes(text[start]!)) start++;
  while (start < end && PUNCTUATION.includes(text[end - 1]!)) end--;
  return reversed(text.slice(end)) + text.slice(start, end) + reversed(text.slice(0, start));
}
