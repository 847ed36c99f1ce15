/** `[1]`, `[1, 2]` and `[1-3]`, and the variants of some models: `【1】`, `【1†source】`, `[^1]`. */
export const MARK = /[[【［]\^?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*(?:†[^\]】］\n]{0,80})?[\]】］]/g;
const CODE = /(?:```|~~~)[\s\S]*?(?:```|~~~|$)|`[^`\n]*`/g;
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
  const ranges = marks.replace(/†[^\]】］]*/g, "").matchAll(/(\d+)(?:\s*[–-]\s*(\d+))?/g);
  const numbers = [...ranges].flatMap(([, first, last = first]) => {
    const length = Number(last) - Number(first) + 1;
    if (length < 1 || length > LONGEST_RANGE) return [];
    return Array.from({ length }, (_, i) => Number(first) + i);
  });
  return [...new Set(numbers)];
}

/** Code and formulas contain no marks. Blanks replace them, so that the other text keeps its position. */
export const blankCodeAndMath = (answer: string): string => blankMath(blankCode(answer));

const blankCode = (answer: string) => answer.replace(CODE, (code) => " ".repeat(code.length));

/** Keeps only numbers with several digits in formulas: these are values, single digits are notation. */
const blankMath = (prose: string) =>
  prose.replace(MATH, (formula) => formula.replace(NO_VALUE, (shape) => " ".repeat(shape.length)));
const NO_VALUE = /(?<![\d.,^{])\d(?![\d.,])|[^\d.,^{}-]/g;
