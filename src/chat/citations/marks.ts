/** No passage has the number 0. */
const NUMBER = "[1-9１-９][\\d０-９]{0,2}";
const SEPARATOR = "\\s*(?:[,，、;；–&-]|(?:and|und|et|y|e)(?![\\p{L}]))\\s*";
/** The words that some models write before the number. */
const LABEL =
  "(?:sources?|cit(?:e|ations?)|passages?|ref(?:erence)?s?|quellen?|belege?|fuentes?|fonti?|fontes?)";
/** The page or the time that some models write behind a single number. */
const LOCATOR =
  ",\\s*(?:(?:pp?|s|pages?|slides?|seiten?|folien?|p[aá]g(?:inas?)?|diapositiv[aoe]s?|at|bei|min)\\.?\\s*\\d[\\d:–-]*|\\d{1,3}:\\d\\d(?::\\d\\d)?)";
/**
 * `[1]`, `[1, 2]` and `[1-3]`, and the variants of some models: `【1】`, `【1†source】`, `[^1]`,
 * `[Source 1]`, `[1, p. 7]`. `[0, 1]` and `x ∈ [1, 2]` are intervals.
 */
export const MARK = new RegExp(
  `(?<![∈∉=]\\s?)[[【［](?:\\^|${LABEL}[.:]?\\s*)?${NUMBER}(?:(?:${SEPARATOR}${NUMBER}){0,40}|${LOCATOR})(?:(?::\\d{1,3})?†[^\\]】］\\n]{0,80})?[\\]】］]`,
  "giu",
);
/** Code in fences, and in one or two backticks. */
const CODE = /(?:```|~~~)[\s\S]*?(?:```|~~~|$)|(?<!`)(`{1,2})(?!`)[^\n]*?(?<!`)\1(?!`)/g;
/** Targets of links, and definitions of such targets at the end of an answer. */
const LINK_TARGET = /(?<=\]\()[^\s()]{1,2000}(?=\))|^ {0,3}\[[^\]\n]{1,80}\]:\s*<?https?:\S+.*$/gm;
/** The length is limited, so that every answer is read quickly. */
const MATH =
  /\$\$[\s\S]{0,2000}?\$\$|\\\[[\s\S]{0,2000}?\\\]|\\\([\s\S]{0,2000}?\\\)|\$(?=\S)[^$\n]*?(?<=\S)\$(?!\d)/g;
/** Maximum passages of one `[1-9]`; a longer range is an interval of numbers. */
const LONGEST_RANGE = 20;

/** The marks of an answer, each with the numbers in it and its place in the text. */
export function findMarks(answer: string): { numbers: number[]; start: number; end: number }[] {
  return [...blankCodeAndMath(answer).matchAll(MARK)].map(({ 0: mark, index: start }) => ({
    numbers: numbersIn(mark),
    start,
    end: start + mark.length,
  }));
}

/** The numbers in marks, each once. */
export function numbersIn(marks: string): number[] {
  const plain = marks.normalize("NFKC").replace(PLACE, "");
  const ranges = plain.matchAll(/(\d+)(?:\s*[–-]\s*(\d+))?/g);
  const numbers = [...ranges].flatMap(([, first, last = first]) => {
    const length = Number(last) - Number(first) + 1;
    if (length < 1 || length > LONGEST_RANGE) return [];
    return Array.from({ length }, (_, i) => Number(first) + i);
  });
  return [...new Set(numbers)];
}

/** The parts of a mark whose digits are not its numbers. */
const PLACE = new RegExp(`(?::\\d{1,3})?†[^\\]】］]*|${LOCATOR}`, "giu");

/** Code, formulas and targets of links contain no marks. Blanks replace them, so that the other text keeps its position. */
export const blankCodeAndMath = (answer: string): string =>
  blankMath(blankIndentedCode(answer).replace(CODE, toBlanks).replace(LINK_TARGET, toBlanks));

const toBlanks = (text: string) => " ".repeat(text.length);

const INDENTED = /^(?: {4}|\t)/;
const LIST_ITEM = /^\s*(?:[*+-]|\d{1,9}[.)])\s/;

/** Indented lines are code after an empty line, except in a list. */
function blankIndentedCode(answer: string): string {
  if (!/^(?: {4}|\t)/m.test(answer)) return answer;
  let isInList = false;
  let canBeCode = true;
  const readLine = (line: string): string => {
    if (line.trim() === "") {
      canBeCode = true;
      return line;
    }
    const isIndented = INDENTED.test(line);
    if (!isIndented) isInList = LIST_ITEM.test(line) || (isInList && !canBeCode);
    canBeCode = canBeCode && isIndented && !isInList;
    return canBeCode ? toBlanks(line) : line;
  };
  return answer.split("\n").map(readLine).join("\n");
}

/** Keeps only numbers with several digits in formulas: these are values, single digits are notation. */
const blankMath = (prose: string) =>
  prose.replace(MATH, (formula) => formula.replace(NO_VALUE, (shape) => " ".repeat(shape.length)));
const NO_VALUE = /(?<![\d.,^{])\d(?![\d.,])|[^\d.,^{}-]/g;
