import { blankCodeAndMath, MARK, numbersIn } from "./marks";
import { wordsOf } from "./names";
import { quotationsIn, replaceQuotations } from "./quotations";

/** Part of an answer and the numbers given as its sources. */
export type Claim = { text: string; numbers: number[] };

const MARKS = new RegExp(`(?<!\\s)\\s*(?:${MARK.source}\\s*)+`, "g");
/** Not after an abbreviation such as "Dr." or an initial, and not before a mark that belongs to it. */
const SENTENCE_END =
  /(?<=[.!?…]["”“»’)*_]*)(?<!\b(?:[A-Z]|Dr|Prof|Fig|Sec|Eq|St|vs|cf|e\.g|i\.e)\.)\s+(?![[【［]\^?\d)|\n+/;

/**
 * Each run of marks covers its sentence from the previous run on; one that comes first, what follows;
 * one without words of its own, the sentence before.
 */
export function readClaims(answer: string): Claim[] {
  const sentences = splitSentences(blankCodeAndMath(answer));
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
