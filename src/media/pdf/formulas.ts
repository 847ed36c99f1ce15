/**
 * Writes formulas that are set over several baselines in one line: (a + b)/(2c), √(x + 1), ∑_(i=1)^n and
 * lim_(h→0). Their parts are otherwise lines above and below the text.
 */
import { inParentheses } from "./fractions";
import type { PlacedWord } from "./text-fragments";

/** A thin horizontal line, such as the bar of a fraction. In points from the top left corner of the page. */
export type Rule = { left: number; right: number; y: number };
/** Writes words in one line; null when they are on several lines. */
type WriteLine = (words: PlacedWord[]) => string | null;

/** A page with more rules is a table or a chart, and one with more words is no slide. */
const MAX_RULES = 300;
const MAX_WORDS = 5_000;

export function joinFormulas(
  words: PlacedWord[],
  rules: readonly Rule[],
  write: WriteLine,
): PlacedWord[] {
  if (words.length > MAX_WORDS) return words;
  let joined = joinLimits(words, write);
  if (rules.length > MAX_RULES) return joined;
  // Formulas within formulas have the shorter rules.
  let open = rules.toSorted((a, b) => a.right - a.left - (b.right - b.left));
  for (let found = true; found; ) {
    const left: Rule[] = [];
    for (const rule of open) {
      const next = joinRoot(joined, rule, write) ?? joinFraction(joined, rule, write);
      if (next) joined = next;
      else left.push(rule);
    }
    found = left.length < open.length;
    open = left;
  }
  return joined;
}

const isInked = ({ text }: PlacedWord) => text.trim() !== "";
const rightOf = ({ x, width }: PlacedWord) => x + width;

/** Words that are drawn one after the other, apart from blanks. */
function areTogether(part: readonly PlacedWord[], words: readonly PlacedWord[]): boolean {
  const members = new Set(part);
  const first = words.findIndex((word) => members.has(word));
  const last = words.findLastIndex((word) => members.has(word));
  return words.slice(first, last + 1).every((word) => members.has(word) || !isInked(word));
}

/** Puts one word in the place of its parts. */
function replace(words: PlacedWord[], parts: PlacedWord[], joined: PlacedWord): PlacedWord[] {
  const members = new Set(parts);
  return words.flatMap((word) => {
    if (word === parts[0]) return joined;
    return members.has(word) ? [] : word;
  });
}

/** The inked words within the ends of a rule, up to some sizes of type above or below it. */
function besideRule(words: PlacedWord[], { left, right, y }: Rule, above: number, below: number) {
  return words.filter(
    (word) =>
      isInked(word) &&
      word.x > left - word.size * 0.2 &&
      rightOf(word) < right + word.size * 0.3 &&
      word.y > y - word.size * above &&
      word.y < y + word.size * below,
  );
}

/** The height of the bar above the baseline of the text beside it, in sizes of type. */
const AXIS = 0.25;

/** Both parts are centred on the bar, the longer one fills it, and text beside the bar is on its height. */
function joinFraction(words: PlacedWord[], rule: Rule, write: WriteLine): PlacedWord[] | null {
  const over = besideRule(words, rule, 1.2, 0);
  const under = besideRule(words, rule, 0, 1.6).filter(({ y }) => y > rule.y);
  const parts = [over, under];
  if (!parts.every((part) => part.length > 0 && areTogether(part, words))) return null;
  const [top, bottom] = parts.map((part) => boundsOf(part));
  const size = Math.max(top!.size, bottom!.size);
  const length = rule.right - rule.left;
  const isCentred = [top!, bottom!].every(
    ({ left, right }) => Math.abs(left + right - rule.left - rule.right) < size * 0.5,
  );
  const isFilled = Math.max(top!.width, bottom!.width) > length - size * 0.7;
  const base = words.find(
    (word) =>
      isInked(word) &&
      !over.includes(word) &&
      !under.includes(word) &&
      word.size > size * 0.95 &&
      Math.abs(word.y - rule.y - word.size * AXIS) < word.size * 0.12 &&
      Math.max(word.x - rule.right, rule.left - rightOf(word)) < word.size * 1.3 &&
      (word.x > rule.right - word.size * 0.4 || rightOf(word) < rule.left + word.size * 0.4),
  );
  const [numerator, denominator] = parts.map(write);
  if (!isCentred || !isFilled || !base || !numerator || !denominator) return null;
  const text = `${inParentheses(numerator)}/${inParentheses(denominator)}`;
  const all = words.filter((word) => over.includes(word) || under.includes(word));
  return replace(words, all, { ...base, text, x: rule.left, width: length, rightToLeft: false });
}

function boundsOf(words: PlacedWord[]) {
  const left = Math.min(...words.map(({ x }) => x));
  const right = Math.max(...words.map(rightOf));
  return { left, right, width: right - left, size: Math.max(...words.map(({ size }) => size)) };
}

/** A root sign ends where its bar begins, above the terms under it. */
function joinRoot(words: PlacedWord[], rule: Rule, write: WriteLine): PlacedWord[] | null {
  const sign = words.find(
    (word) =>
      /√$/u.test(word.text.trim()) &&
      Math.abs(rightOf(word) - rule.left) < word.size * 0.15 &&
      Math.abs(word.y - rule.y) < word.size * 1.2,
  );
  if (sign?.text.trim() !== "√") return null;
  const under = besideRule(words, rule, 0, 1.8).filter((word) => word !== sign && word.y > rule.y);
  const text = under.length > 0 && areTogether(under, words) ? write(under) : null;
  if (!text) return null;
  const base = under.toSorted((a, b) => b.size - a.size)[0]!;
  const root = { ...base, text: `√${inParentheses(text)}`, x: sign.x, width: rule.right - sign.x };
  return replace(
    words,
    words.filter((word) => word === sign || under.includes(word)),
    root,
  );
}

const OPERATOR = /^[∑∏∐∫∬∭∮⋃⋂⋁⋀⨁⨂⨆]$/u;
const NAMED_OPERATOR = /(?:^|[^\p{L}])(lim|lim inf|lim sup|max|min|sup|inf|arg ?max|arg ?min)$/u;
/** All in sizes of the type of the line. */
const SMALLER = 0.86;
const LIMIT_ABOVE = 0.3;
const LIMIT_BELOW = 0.2;

/** Writes the limits of sums, products, integrals and named operators as index and exponent. */
function joinLimits(words: PlacedWord[], write: WriteLine): PlacedWord[] {
  let joined = words;
  for (const word of words) {
    const text = word.text.trim();
    if (OPERATOR.test(text)) joined = joinOperator(joined, word, write) ?? joined;
    else if (NAMED_OPERATOR.test(text)) joined = joinNamed(joined, word, write) ?? joined;
  }
  return joined;
}

function joinOperator(words: PlacedWord[], sign: PlacedWord, write: WriteLine) {
  const at = words.indexOf(sign);
  const base = lineOf(words, at);
  if (!base) return null;
  const isNear = (word: PlacedWord) =>
    word.size < base.size * SMALLER &&
    word.x < rightOf(sign) + base.size * 0.8 &&
    rightOf(word) > sign.x - base.size * 1.2;
  const isAbove = (word: PlacedWord) => base.y - word.y > base.size * LIMIT_ABOVE;
  const before = takeWhile(
    words.slice(0, at).toReversed(),
    (word) => isNear(word) && base.y - word.y > base.size * 0.8,
  );
  const after = takeWhile(
    words.slice(at + 1),
    (word, last) =>
      (isNear(word) || (last !== undefined && isNext(last, word))) &&
      (isAbove(word) || word.y - base.y > base.size * LIMIT_BELOW),
  );
  const limits = [...before.toReversed(), ...after];
  const upper = limits.filter(isAbove);
  const lower = limits.filter((word) => !isAbove(word));
  return withLimits(words, sign, base, sign.text.trim(), lower, upper, write);
}

function joinNamed(words: PlacedWord[], name: PlacedWord, write: WriteLine) {
  const text = name.text.trimEnd();
  const [, own = ""] = NAMED_OPERATOR.exec(text)!;
  const left = rightOf(name) - (name.width / name.text.length) * own.length;
  const lower = takeWhile(words.slice(words.indexOf(name) + 1), (word) => {
    const lowered = (word.y - name.y) / name.size;
    return (
      word.size < name.size * SMALLER &&
      lowered > 0.45 &&
      lowered < 1.1 &&
      word.x > left - name.size * 1.5 &&
      rightOf(word) < rightOf(name) + name.size * 1.5
    );
  });
  return withLimits(words, name, name, text, lower, [], write);
}

function withLimits(
  words: PlacedWord[],
  sign: PlacedWord,
  base: PlacedWord,
  name: string,
  lower: PlacedWord[],
  upper: PlacedWord[],
  write: WriteLine,
): PlacedWord[] | null {
  if (lower.length + upper.length === 0) return null;
  const [index, exponent] = [lower, upper].map((part) => (part.length > 0 ? write(part) : ""));
  if (index === null || exponent === null) return null;
  const text = `${name}${index && `_${inParentheses(index!)}`}${exponent && `^${inParentheses(exponent!)}`}`;
  const parts = words.filter(
    (word) => word === sign || lower.includes(word) || upper.includes(word),
  );
  const { left, width } = boundsOf(parts);
  return replace(words, parts, { ...base, text, x: left, width, rightToLeft: false });
}

/** The text whose line an operator is on. The large signs of TeX hang from the top of their line. */
function lineOf(words: PlacedWord[], at: number): PlacedWord | undefined {
  const sign = words[at]!;
  const isFull = (word: PlacedWord) => isInked(word) && word.size > sign.size * 0.9;
  const isBeside = (word: PlacedWord) =>
    Math.max(word.x - rightOf(sign), sign.x - rightOf(word)) < sign.size * 2.5;
  const near = [words.slice(at + 1).find(isFull), words.slice(0, at).findLast(isFull)];
  const beside = near.filter((word) => word !== undefined && isBeside(word));
  const hangs = (word: PlacedWord, least: number, most: number) =>
    word.y - sign.y > sign.size * least && word.y - sign.y < sign.size * most;
  return (
    beside.find((word) => hangs(word!, 0.6, 1.5)) ?? beside.find((word) => hangs(word!, -0.3, 0.3))
  );
}

/** The inked items up to the first that does not match; blanks between them are left out. */
function takeWhile(
  words: PlacedWord[],
  matches: (word: PlacedWord, last: PlacedWord | undefined) => boolean,
): PlacedWord[] {
  const taken: PlacedWord[] = [];
  for (const word of words) {
    if (!isInked(word)) continue;
    if (!matches(word, taken.at(-1))) break;
    taken.push(word);
  }
  return taken;
}

/** Whether a word continues the limit before it. */
const isNext = (last: PlacedWord, { x, y, size }: PlacedWord) =>
  Math.abs(last.y - y) < size * 0.5 &&
  Math.abs(size - last.size) < size * 0.4 &&
  x - rightOf(last) < size * 0.6;
