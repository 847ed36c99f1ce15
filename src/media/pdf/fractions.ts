/** Writes small fractions in a line of text with a slash: 22/7 and (a+b)/2, not the index 7 below the exponent 22. */
import type { PlacedWord } from "./text-fragments";

/** All in sizes of the type of the line. */
const SMALLER = 0.86;
/** A numerator is raised and a denominator is lowered at least so much; an index is lowered less. */
const OFFSET = 0.27;
const MAX_OFFSET = 0.75;
/** Numerator and denominator have one centre; an exponent and an index have one left edge. */
const CENTRE = 0.12;

type Part = { words: PlacedWord[]; left: number; right: number; y: number; size: number };

export function joinFractions(words: PlacedWord[]): PlacedWord[] {
  const joined: PlacedWord[] = [];
  for (let i = 0; i < words.length; ) {
    const numerator = isInked(words[i]!) ? partFrom(words, i) : null;
    const denominator = numerator && partFrom(words, i + numerator.words.length);
    const end = i + (numerator?.words.length ?? 0) + (denominator?.words.length ?? 0);
    const base = [joined.slice(-MAX_WORDS).findLast(isInked), nextInked(words, end)].find(
      (word) => word && numerator && denominator && isAround(word, numerator, denominator),
    );
    if (base && numerator && denominator) {
      const left = Math.min(numerator.left, denominator.left);
      const width = Math.max(numerator.right, denominator.right) - left;
      const text = `${write(numerator)}/${write(denominator)}`;
      joined.push({ ...base, text, x: left, width });
      i = end;
    } else {
      joined.push(words[i]!);
      i += 1;
    }
  }
  return joined;
}

/** At most this many words of a part are read: a fraction with more is not set in small type. */
const MAX_WORDS = 20;

const nextInked = (words: PlacedWord[], start: number) =>
  words.slice(start, start + MAX_WORDS).find(isInked);

const isInked = ({ text }: PlacedWord) => text.trim() !== "";

/** The words from a place on that have one baseline and one size, with the blanks before them. */
function partFrom(words: PlacedWord[], start: number): Part | null {
  const near = words.slice(start, start + MAX_WORDS);
  const blanks = near.findIndex(isInked);
  const first = near[blanks];
  if (!first) return null;
  const length = near.findIndex((word, i) => i > blanks && !continuesPart(first, word));
  const own = length < 0 ? near : near.slice(0, length);
  const inked = own.filter(isInked);
  const right = Math.max(...inked.map(({ x, width }) => x + width));
  return { words: own, left: first.x, right, y: first.y, size: first.size };
}

const continuesPart = (first: PlacedWord, word: PlacedWord) =>
  Math.abs(word.y - first.y) < first.size * 0.05 &&
  Math.abs(word.size - first.size) < first.size * 0.05;

/** Whether a word is on the line of the bar between two parts. */
function isAround({ size, y }: PlacedWord, over: Part, under: Part): boolean {
  const centreOf = ({ left, right }: Part) => (left + right) / 2;
  const [raised, lowered] = [y - over.y, under.y - y];
  return (
    Math.max(over.size, under.size) < size * SMALLER &&
    Math.abs(over.size - under.size) < over.size * 0.1 &&
    Math.min(raised, lowered) > size * OFFSET &&
    Math.max(raised, lowered) < size * MAX_OFFSET &&
    Math.abs(centreOf(over) - centreOf(under)) < size * CENTRE
  );
}

const write = ({ words }: Part) =>
  inParentheses(
    words
      .map(({ text }) => text)
      .join("")
      .trim(),
  );

/** A part of several terms is in parentheses. */
export function inParentheses(text: string): string {
  return /^([\p{L}\p{M}]+[\p{N}.,]*|[\p{N}.,]+|∞)$/u.test(text) ? text : `(${text})`;
}
