import { unitAt } from "./units";

/**
 * The words of a text by position. They show where a source can spell a number out ("two dice") that
 * an answer writes in digits ("2 dice"). Number words differ by language, so no list decides that,
 * but the words around the number: another word in the same place can be the number.
 */
export type WordPositions = {
  /** Words in lower case, `NUMBER` for digits, `BREAK` for punctuation. */
  tokens: string[];
  /** Positions of each word by its stem. */
  positions: Map<string, number[]>;
  /** Position of the token at a text offset. */
  byOffset: Map<number, number>;
  /** How many digits its whole numbers have. */
  lengths: Set<number>;
};

/** Smaller numbers are often spelled out, or they count the items of a list in the source. */
const LARGEST_SMALL = 10;
/** A word for a small number has at most this many letters. */
const LONGEST_SMALL_WORD = 10;
/** The shortest number words: "elf", "cent", "seize"; numbers from 101 have longer words. */
const SHORTEST_UP_TO_12 = 3;
const SHORTEST_ROUND = 4;
const SHORTEST = 5;
const LETTERS_PER_DIGIT = 3;
const MOST_NUMBER_WORDS = 4;
/** A word that a source has more often is unlikely to be a number. */
const MOST_OCCURRENCES = 3;
/** Positions beyond these are ignored, so that frequent words take no long time. */
const MOST_POSITIONS = 200;
/** Tokens on each side of a number that are searched for its neighbour. */
const NEIGHBOURHOOD = 12;
const STEM_LENGTH = 6;
const TOKEN = /\d+(?:[.,:]\d+)*|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|[^\s\p{L}\p{M}\d'’*_"“”„«»-]/gu;
const NUMBER = "#";
const BREAK = "|";
/** Before a unit, so that `%` and "percent" are one token. */
const UNIT = "=";

/** @param text as `prepareNumbers` returns it */
export function readWordPositions(text: string): WordPositions {
  const tokens: string[] = [];
  const positions = new Map<string, number[]>();
  const byOffset = new Map<number, number>();
  for (const { 0: written, index } of text.matchAll(TOKEN)) {
    const token = toToken(written, text, index);
    const known = positions.get(stem(token)) ?? [];
    if (known.length < MOST_POSITIONS) known.push(tokens.length);
    positions.set(stem(token), known);
    byOffset.set(index, tokens.length);
    tokens.push(token);
  }
  const whole = text.match(/(?<![\d.,])\d+(?![.,]?\d)/g) ?? [];
  return { tokens, positions, byOffset, lengths: new Set(whole.map((digits) => digits.length)) };
}

/**
 * Whether a source can have a number of a claim in words. A number that is not small needs a word
 * that is long enough in its place; a small one is refused only where the source has other digits.
 *
 * @param start offset of the number in the claim's text
 */
export function canBeSpelledOut(
  { digits, start }: { digits: string; start: number },
  claim: WordPositions,
  source: WordPositions,
): boolean {
  // Clock times are written in digits.
  if (digits.includes(":")) return false;
  if (digits.length > 2 && source.lengths.has(digits.length)) return false;
  const isSmall = /^\d+$/.test(digits) && Number(digits) <= LARGEST_SMALL;
  const isCandidate = (words: string[]) => {
    if (isSmall) return words.length > 0 && words[0]!.length <= LONGEST_SMALL_WORD;
    return words.join("").length >= lettersOf(digits);
  };
  const at = claim.byOffset.get(start) ?? 0;
  const next = neighbourOf(claim.tokens, at, 1);
  const previous = neighbourOf(claim.tokens, at, -1);
  const sides = [
    { neighbour: next, step: -1 },
    { neighbour: previous, step: 1 },
  ];
  for (const { neighbour, step } of sides) {
    if (neighbour === undefined) continue;
    const { word, breaks } = neighbour;
    const places = source.positions.get(stem(word)) ?? [];
    // The word before a small number is little evidence: "is 3", "the 3".
    const decides = step === -1 || !isSmall || next === undefined;
    const beside = (place: number) => isNumberBeside(source.tokens, place, step, breaks);
    if (decides && places.some(beside)) return false;
    if (places.some((place) => isCandidate(wordsBeside(source, place, step, claim)))) return true;
  }
  return isSmall;
}

/** The fewest letters that a number larger than ten has in words. */
function lettersOf(digits: string): number {
  if (Number(digits) <= 12) return SHORTEST_UP_TO_12;
  const length = digits.replace(/\D|0+$/g, "").length;
  if (length === 1) return SHORTEST_ROUND;
  return length === 2 ? SHORTEST : length * LETTERS_PER_DIGIT;
}

function toToken(written: string, text: string, index: number): string {
  if (/^\d/.test(written)) return NUMBER;
  const unit = unitAt(text, index)?.unit;
  if (unit !== undefined) return `${UNIT}${unit}`;
  return /^[\p{L}\p{M}]/u.test(written) ? written.toLowerCase() : BREAK;
}

const stem = (word: string) => word.slice(0, STEM_LENGTH);
const isWord = (token: string) => token !== NUMBER && token !== BREAK;

/** The nearest word on one side, and how much punctuation is before it. */
function neighbourOf(tokens: string[], at: number, step: number) {
  let breaks = 0;
  for (let i = at + step; Math.abs(i - at) <= NEIGHBOURHOOD; i += step) {
    const token = tokens[i];
    if (token === undefined) return undefined;
    if (isWord(token)) return { word: token, breaks };
    if (token === BREAK) breaks += 1;
  }
  return undefined;
}

function isNumberBeside(tokens: string[], at: number, step: number, breaks: number): boolean {
  let i = at + step;
  for (let left = breaks; left > 0 && tokens[i] === BREAK; left--) i += step;
  return tokens[i] === NUMBER;
}

/** The words beside a place that the claim does not have: those can name its number. */
function wordsBeside(
  source: WordPositions,
  place: number,
  step: number,
  claim: WordPositions,
): string[] {
  const words: string[] = [];
  for (let i = place + step; words.length < MOST_NUMBER_WORDS; i += step) {
    const token = source.tokens[i];
    if (token === undefined || !isWord(token) || claim.positions.has(stem(token))) break;
    if (source.positions.get(stem(token))!.length > MOST_OCCURRENCES) break;
    words.push(token);
  }
  return words;
}
