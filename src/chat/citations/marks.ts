/** `[1]`, `[1, 2]` and `[1-3]`, and what some models make of it: `【1】`, `【1†source】`, `[^1]`. */
export const MARK = /[[【［]\^?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*(?:†[^\]】］\n]{0,80})?[\]】］]/g;
const CODE = /(?:```|~~~)[\s\S]*?(?:```|~~~|$)|`[^`\n]*`/g;
/** Of bounded length, so that no answer takes long to read. */
const MATH =
  /\$\$[\s\S]{0,2000}?\$\$|\\\[[\s\S]{0,2000}?\\\]|\\\([\s\S]{0,2000}?\\\)|\$(?=\S)[^$\n]*?(?<=\S)\$(?!\d)/g;
/** Most passages of one `[1-9]`: what names more is an interval. */
const LONGEST_RANGE = 20;

/** The marks of an answer, each with the numbers in it and its place in the text. */
export function findMarks(answer: string): { numbers: number[]; start: number; end: number }[] {
  return [...blankCodeAndMath(answer).matchAll(MARK)].map(({ 0: mark, index: start }) => ({
    numbers: numbersIn(mark),
    ...{ start, end: start + mark.length },
  }));
}

/** The numbers in marks, each once. */
export function numbersIn(marks: string): number[] {
  const ranges = marks.replace(/†[^\]】］]*/g, "").matchAll(/(\d+)(?:\s*[–-]\s*(\d+))?/g);
  const numbers = [...ranges].flatMap(([, first, last = first]) => {
    const length = Number(last) - Number(first) + 1;
    if (length < 1 || length > LONGEST_RANGE) return [];
    return Array.from({ length }, (_, i) => Number(first) + i);
  });
  return [...new Set(numbers)];
}

/** Code and formulas hold no marks; they become blanks, so that all else keeps its place. */
export const blankCodeAndMath = (answer: string): string => blankMath(blankCode(answer));

const blankCode = (answer: string) => answer.replace(CODE, (code) => " ".repeat(code.length));

/** Of formulas only numbers of several digits stay, which are values; others are part of their shape. */
const blankMath = (prose: string) =>
  prose.replace(MATH, (formula) => formula.replace(NO_VALUE, (shape) => " ".repeat(shape.length)));
const NO_VALUE = /(?<![\d.,^{])\d(?![\d.,])|[^\d.,^{}-]/g;
