import { toAsciiDigit } from "../../text/digits";

/** Three digits of any script; no passage has the number 0. */
const NUMBER = "(?![0０٠۰०])\\p{Nd}{1,3}";
/** Blanks inside a mark, and invisible characters such as those that set the direction of writing. */
const BLANKS = "[\\s\\u200b-\\u200f\\u2060]{0,3}";
const RANGE = "(?:[–—‑‐−~〜-]|\\.{2,3}|(?:to|through|bis|à|a)(?![\\p{L}]))";
const SEPARATOR = `${BLANKS}(?:${RANGE}|[,，、،;；&+|]|(?:and|und|et|y|e)(?![\\p{L}]))${BLANKS}`;
/** The words that some models write before the number. */
const LABEL =
  "(?:sources?|cit(?:e|ations?)|passages?|ref(?:erence)?s?|réf|docs?|documents?|excerpts?|results?|chunks?|context|no|nr|" +
  "quellen?|belege?|dokumente?|fuentes?|fonti?|fontes?|documentos?|extraits?|bron|źródło|zdroj|kaynak|källa|kilde|" +
  "источник|джерело|المصدر|来源|來源|文献|出典|資料|출처|n[°º]|№)";
const ELEMENT = `(?:[\\^#@]|${LABEL}[.:：_-]?${BLANKS}#?)?${NUMBER}\\^?`;
/** The page or the time that some models write behind a single number. */
const LOCATOR =
  "(?:(?:,\\s*|:\\s+)(?:(?:pp?|s|pages?|slides?|seiten?|folien?|p[aá]g(?:inas?)?|diapositiv[aoe]s?|at|bei|min)\\.?\\s*\\d[\\d:–-]*|\\d{1,3}:\\d\\d(?::\\d\\d)?)|" +
  "\\s?@\\s?\\d{1,3}:\\d\\d(?::\\d\\d)?|:\\s+\\p{L}{2}[^\\]】］\\n]{0,80})";
const NUMBERS = `${ELEMENT}(?:(?:${SEPARATOR}${ELEMENT}){0,40}|${LOCATOR})`;
/** Before an interval or a list of values of two numbers. `described in [1, 2]` has marks. */
const BEFORE_VALUES =
  "intervall?[eo]?|range|lists?|listen?|arrays?|vectors?|vektor|vecteur|tup(?:le|el)|sequence|folge|列表|数组|向量|区间|→|" +
  "(?<!\\p{L})(?:between|zwischen|entre|" +
  "(?:\\p{L}|values?|numbers?|integers?|reals?|probabilit(?:y|ies)|lies?|lying|falls?|rang(?:es?|ing)|normali[sz]ed|scaled|bounded|cl(?:am|i)pped|uniform(?:ly)?(?: distributed)?|" +
  "werten?|zahlen?|liegt|liegen|normiert|skaliert|valeurs?|nombres?|valores|números|valori|numeri)\\s(?:in|on|to|from|within|over|auf|aus|dans|sur|en))";
const NOT_BEHIND = `(?<![∈∉=×⊂⊆∪∩]\\s?|(?:${BEFORE_VALUES})\\s?(?=[[]\\d{1,3}\\s?[,;])|\\p{L}\\()`;
/** `the [1, 2] interval`, `[1, 2] × [1, 3]` */
const NO_VALUES =
  "(?![[]\\d{1,3}\\s?[,;]\\s?\\d{1,3}[\\]](?:\\s?[×⊂⊆∪∩→]|[\\s-](?:intervall?[eo]?s?|range)(?!\\p{L})))";
const BRACKETED = `${NOT_BEHIND}${NO_VALUES}[[【［〔〖]${BLANKS}${NUMBERS}(?:(?::\\d{1,3})?†[^\\]】］\\n]{0,80})?${BLANKS}[\\]】］〕〗](?:[–-][[]${NUMBER}[\\]])?`;
/** In parentheses only with a label: `(1)` can be a part of a list or an equation. */
const LABELLED = `[(（](?:see|siehe|vgl\\.?|cf\\.?|voir|véase)?${BLANKS}(?:sources?|refs?|references?|passages?|citations?|quellen?|belege?|fuentes?|fonti?|fontes?|来源|來源|出典|출처)[.:：]?${BLANKS}#?${NUMBER}(?:${SEPARATOR}${ELEMENT}){0,40}[)）]`;
/** Some models write HTML, and our output breaks its tags with a space. */
const SUPERSCRIPT = `(?<=(?:\\p{L}{4}|[.!?…”»"])\\s?)<\\s?sup>${NUMBER}(?:${SEPARATOR}${NUMBER}){0,40}<\\s?/sup>`;
/** Behind a word or a sentence: neither an exponent in a formula nor the power of a unit or a function. */
const RAISED =
  '(?<=\\p{L}{4}|[.!?…”»"])(?<!(?:\\d\\s?|(?<!\\p{L})(?:pro|per|je|par|por)\\s)\\p{L}{4,12}|(?:sin|cos|tan|cot|sec)h|(?<!\\p{L})(?:sinus|kosinus|cosinus|tangens|kotangens|cosine|tangent)|(?:[=+/·×⋅÷√^−≤≥≈]\\s?|\\s\\*\\s|\\p{L}\\()\\p{L}{4,40})(?:⁽[¹²³⁴-⁹][⁰¹²³⁴-⁹]?⁾|[¹²³⁴-⁹][⁰¹²³⁴-⁹]?(?:(?:[˒⁻⁃]|,(?=[¹²³⁴-⁹]))[¹²³⁴-⁹][⁰¹²³⁴-⁹]?){0,9})(?![\\p{L}\\p{N}^(]|\\s?[=+/·×⋅÷^−≤≥≈]|\\s\\*\\s)';
/**
 * `[1]`, `[1, 2]` and `[1-3]`, and the variants of some models: `【1】`, `【1†source】`, `[^1]`,
 * `[Source 1]`, `[1, p. 7]`, `[1: Title]`, `(Source 1)`, `word¹`, `word<sup>1</sup>`. `[0, 1]` and `x ∈ [1, 2]` are intervals.
 */
export const MARK = new RegExp(`(?:${BRACKETED}|${LABELLED}|${SUPERSCRIPT}|${RAISED})`, "giu");
/** Code in fences, and in one or two backticks. */
const CODE = /(`{3,}|~{3,})[\s\S]*?(?:\1|$)|(?<!`)(`{1,2})(?!`)[^\n]*?(?<!`)\2(?!`)/g;
/** Targets of links, and definitions of such targets at the end of an answer. */
const LINK_TARGET = /(?<=\]\()[^\s()]{1,2000}(?=\))|^ {0,3}\[[^\]\n]{1,80}\]:\s*<?https?:\S+.*$/gm;
/** The length is limited, so that every answer is read quickly. */
const MATH = new RegExp(
  `\\$\\$[\\s\\S]{0,2000}?\\$\\$|\\\\\\[[\\s\\S]{0,2000}?\\\\\\]|\\\\\\([\\s\\S]{0,2000}?\\\\\\)|` +
    "\\\\begin\\{(?<environment>\\w{1,20}\\*?)\\}[\\s\\S]{0,2000}?\\\\end\\{\\k<environment>\\}|" +
    "\\$(?=\\S)[^$\\n]*?(?<=\\S)\\$(?!\\d)",
  "g",
);
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
  const plain = marks
    .replace(PLACE, "")
    .normalize("NFKC")
    .replace(/(?![0-9])\p{Nd}/gu, toAsciiDigit)
    .replace(/\][–-]\[/g, "–");
  const ranges = plain.matchAll(NUMBER_OR_RANGE);
  const numbers = [...ranges].flatMap(([, first, last = first]) => {
    const length = Number(last) - Number(first) + 1;
    if (length < 1 || length > LONGEST_RANGE) return [];
    return Array.from({ length }, (_, i) => Number(first) + i);
  });
  return [...new Set(numbers)];
}

/** Without the label of the second number, as in `[Source 1–Source 3]`. */
const NUMBER_OR_RANGE = new RegExp(
  `(\\d+)\\^?(?:${BLANKS}${RANGE}${BLANKS}\\D{0,12}?(\\d+))?`,
  "giu",
);

/** The parts of a mark whose digits are not its numbers. */
const PLACE = new RegExp(`(?::\\d{1,3})?†[^\\]】］]*|${LOCATOR}`, "giu");

/** Code, formulas and targets of links contain no marks. Blanks replace them, so that the other text keeps its position. */
export const blankCodeAndMath = (answer: string): string =>
  blankMath(
    blankIndentedCode(answer)
      .replace(CODE, toBlanks)
      .replace(LINK_TARGET, toBlanks)
      .replace(MATRIX, toBlanks)
      .replace(INDEXED, (indexed, letter, operator, at, text) =>
        isIndex(letter, operator, text.slice(Math.max(0, at - 24), at))
          ? toBlanks(indexed)
          : indexed,
      ),
  );

const toBlanks = (text: string) => " ".repeat(text.length);

/** `[[1, 2], [3, 4]]` */
const MATRIX = /\[\[\d[^[\]\n]{0,200}\](?:\s?,\s?\[[^[\]\n]{0,200}\]){1,50}\]/g;
/** A letter before brackets: `x[1]`, and `P[3|4]`. */
const INDEXED = /(?<![\p{L}\p{M}\p{N}_])([A-Za-z])\[\d[^[\]\n]{0,20}\](\s?[=<>+*/^])?/gu;
/** Before the name of a variable. */
const BEFORE_VARIABLE =
  /(?:^|[^\p{L}])(?:let|and|the|where|for|with|array|list|vector|matrix|element|entry|sei|und|für|mit|feld|liste|vektor|soit|sea)$/iu;

/** Whether a letter is a variable and not part of a name, such as `vitamin C[1]`. */
const isIndex = (letter: string, operator: string | undefined, before: string): boolean =>
  letter === letter.toLowerCase() ||
  operator !== undefined ||
  !/\p{L}{3}[\s-]$/u.test(before) ||
  BEFORE_VARIABLE.test(before.slice(0, -1));

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
