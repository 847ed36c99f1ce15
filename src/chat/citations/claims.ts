import { wordsOf } from "./names";
import { quotationsIn, replaceQuotations } from "./quotations";

/** Part of an answer and the numbers given as its sources. */
export type Claim = { text: string; numbers: number[] };

/** `[1]`, `[1, 2]` and `[1-3]`, and what some models make of it: `【1】`, `【1†source】`, `[^1]`. */
const MARK = /[[【［]\^?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*(?:†[^\]】］\n]{0,80})?[\]】］]/g;
const MARKS = new RegExp(`(?<!\\s)\\s*(?:${MARK.source}\\s*)+`, "g");
const CODE = /(?:```|~~~)[\s\S]*?(?:```|~~~|$)|`[^`\n]*`/g;
/** Of bounded length, so that no answer takes long to read. */
const MATH =
  /\$\$[\s\S]{0,2000}?\$\$|\\\[[\s\S]{0,2000}?\\\]|\\\([\s\S]{0,2000}?\\\)|\$(?=\S)[^$\n]*?(?<=\S)\$(?!\d)/g;
/** Not after an abbreviation such as "Dr." or an initial, and not before a mark that belongs to it. */
const SENTENCE_END =
  /(?<=[.!?…]["”“»’)*_]*)(?<!\b(?:[A-Z]|Dr|Prof|Fig|Sec|Eq|St|vs|cf|e\.g|i\.e)\.)\s+(?![[【［]\^?\d)|\n+/;
/** Most passages of one `[1-9]`: what names more is an interval. */
const LONGEST_RANGE = 20;

/**
 * Each run of marks covers its sentence from the previous run on; one that comes first, what follows;
 * one without words of its own, the sentence before.
 */
export function readClaims(answer: string): Claim[] {
  const sentences = splitSentences(blankMath(blankCode(answer)));
  return sentences.flatMap((sentence, i) => {
    const marks = [...sentence.matchAll(MARKS)];
    return marks.map((mark, j) => {
      const numbers = numbersIn(mark[0]);
      const before = j === 0 ? 0 : marks[j - 1]!.index + marks[j - 1]![0].length;
      const text = sentence.slice(before, mark.index);
      if (j > 0 || saysSomething(text, marks.length > 1)) return { text, numbers };
      // "[1] says …", "As [1] says, …"
      const after = sentence.slice(mark.index + mark[0].length, marks[1]?.index);
      // "… in 1948. (See [1].)"
      const earlier = wordsOf(after).length === 0 ? (sentences[i - 1] ?? "") : "";
      return { text: earlier.replace(MARKS, " ") || `${text} ${after}`, numbers };
    });
  });
}

/** Words that lead to a mark make no statement; others do when there is another mark for the rest. */
const saysSomething = (text: string, isShared: boolean) =>
  wordsOf(text).length >= 3 ||
  (isShared && wordsOf(text).length > 0 && !LEAD_IN.test(text)) ||
  /\d/.test(text) ||
  quotationsIn(text).length > 0 ||
  WRITTEN_TOGETHER.test(text);
const LEAD_IN =
  /^[^\p{L}]*(?:as|see|cf|per|in|from|by|sources?|according to|and|but|so|laut|nach|siehe|wie|quellen?|selon|d['’]après|voir|comme|según|véase|como|fuentes?)[^\p{L}]*$/iu;
/** A sentence of a script that puts no blanks between words. */
const WRITTEN_TOGETHER = /[\p{Script=Han}\p{Script=Kana}\p{Script=Hira}\p{Script=Thai}]{4,}/u;

/** The marks of an answer, each with the numbers in it and its place in the text. */
export function findMarks(answer: string): { numbers: number[]; start: number; end: number }[] {
  return [...blankMath(blankCode(answer)).matchAll(MARK)].map(({ 0: mark, index: start }) => ({
    numbers: numbersIn(mark),
    ...{ start, end: start + mark.length },
  }));
}

function numbersIn(marks: string): number[] {
  const ranges = marks.replace(/†[^\]】］]*/g, "").matchAll(/(\d+)(?:\s*[–-]\s*(\d+))?/g);
  const numbers = [...ranges].flatMap(([, first, last = first]) => {
    const length = Number(last) - Number(first) + 1;
    if (length < 1 || length > LONGEST_RANGE) return [];
    return Array.from({ length }, (_, i) => Number(first) + i);
  });
  return [...new Set(numbers)];
}

/** Keeps the length, and so the places of all else. */
const blankCode = (answer: string) => answer.replace(CODE, (code) => " ".repeat(code.length));

/**
 * Of formulas only numbers of several digits stay, which are values; others are part of their shape.
 * The length stays.
 */
const blankMath = (prose: string) =>
  prose.replace(MATH, (formula) => formula.replace(NO_VALUE, (shape) => " ".repeat(shape.length)));
const NO_VALUE = /(?<![\d.,^{])\d(?![\d.,])|[^\d.,^{}-]/g;

/** A full stop inside a quotation ends no sentence. */
function splitSentences(prose: string): string[] {
  const quoted = replaceQuotations(prose, (quotation) => quotation.replace(/[.!?…]/g, "\u0000"));
  const sentences: string[] = [];
  let start = 0;
  for (const masked of quoted.split(SENTENCE_END)) {
    const at = quoted.indexOf(masked, start);
    sentences.push(prose.slice(at, at + masked.length));
    start = at + masked.length;
  }
  return sentences.filter((sentence) => sentence.trim() !== "");
}
