import type { Citation } from "../../retrieval/search";

/** `unsupported`: the answer says something there that the passage does not. */
export type CheckedCitation = Citation & { unsupported?: true };

/** Part of an answer and the numbers given as its sources. */
export type Claim = { text: string; numbers: number[] };

const MARKS = /\s*(?:\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]\s*)+/g;
const MARK = /\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]/g;
const CODE_OR_MATH =
  /```[\s\S]*?(?:```|$)|`[^`\n]*`|\$\$[\s\S]*?\$\$|\\\[[\s\S]*?\\\]|\\\([\s\S]*?\\\)/g;
const QUOTATION = /[„“"]([^„“”"\n]{3,}?)[“”"]|«([^»\n]{3,}?)»|»([^«\n]{3,}?)«/g;
/** Not after an abbreviation such as "Dr." or an initial, and not before a mark that belongs to it. */
const SENTENCE_END =
  /(?<=[.!?…]["”“»)*_]*)(?<!\b(?:[A-Z]|Dr|Prof|Fig|Sec|Eq|St|vs|cf|e\.g|i\.e)\.)\s+(?!\[\d)|\n+/;

/**
 * The citations of an answer: each number once, in the order of its first mark, and only numbers
 * that were retrieved. Marks inside code and formulas are none.
 *
 * A claim is supported when its sources together hold every quotation word for word, every number,
 * and every name in it.
 */
export function checkCitations(
  answer: string,
  passages: ReadonlyMap<number, Citation>,
): CheckedCitation[] {
  const checked = new Map<number, CheckedCitation>();
  const language = { nounsAreCapitalised: nounsAreCapitalised(answer), names: new Set<string>() };
  if (!language.nounsAreCapitalised) {
    for (const { quote } of passages.values()) {
      for (const name of quote.match(INNER_NAME) ?? []) language.names.add(name);
    }
  }
  for (const { text, numbers } of readClaims(answer)) {
    const sources = numbers.flatMap((number) => passages.get(number) ?? []);
    const unsupported = sources.length > 0 && !supports(sources, text, language);
    for (const citation of sources) {
      const known = checked.get(citation.number) ?? citation;
      checked.set(citation.number, unsupported ? { ...known, unsupported } : known);
    }
  }
  return [...checked.values()];
}

/** Each run of marks covers its sentence from the previous run on; one that comes first, what follows. */
export function readClaims(answer: string): Claim[] {
  return splitSentences(blankCode(answer)).flatMap((sentence) => {
    const claims: Claim[] = [];
    const marks = [...sentence.matchAll(MARKS)];
    marks.forEach((mark, i) => {
      const numbers = [...mark[0].matchAll(/\d+/g)].map(Number);
      const before = i === 0 ? 0 : marks[i - 1]!.index + marks[i - 1]![0].length;
      let text = sentence.slice(before, mark.index);
      // "[1] says …", "As [1] says, …"
      if (i === 0 && words(text).length < 3 && !/[\d"“„«»]/.test(text)) {
        text += ` ${sentence.slice(mark.index + mark[0].length, marks[1]?.index)}`;
      }
      claims.push({ text, numbers });
    });
    return claims;
  });
}

/** The marks of an answer, each with the numbers in it and its place in the text. */
export function findMarks(answer: string): { numbers: number[]; start: number; end: number }[] {
  return [...blankCode(answer).matchAll(MARK)].map(({ 0: mark, index: start }) => ({
    numbers: [...mark.matchAll(/\d+/g)].map(Number),
    ...{ start, end: start + mark.length },
  }));
}

/** Keeps the length, and so the places of all else. */
const blankCode = (answer: string) =>
  answer.replace(CODE_OR_MATH, (code) => " ".repeat(code.length));

/** A full stop inside a quotation ends no sentence. */
function splitSentences(prose: string): string[] {
  const quoted = prose.replace(QUOTATION, (quotation) => quotation.replace(/[.!?…]/g, "\u0000"));
  const sentences: string[] = [];
  let start = 0;
  for (const masked of quoted.split(SENTENCE_END)) {
    const at = quoted.indexOf(masked, start);
    sentences.push(prose.slice(at, at + masked.length));
    start = at + masked.length;
  }
  return sentences.filter((sentence) => sentence.trim() !== "");
}

function supports(sources: Citation[], claim: string, language: Language): boolean {
  const contents = sources.map(({ quote }) => normalise(quote));
  const quotations = [...claim.matchAll(QUOTATION)].map(([, a, b, c]) => a ?? b ?? c ?? "");
  const verbatim = (quotation: string) =>
    quotation
      .split(/\s*(?:\[?…\]?|\[?\.\.\.\]?)\s*/)
      .every((part) =>
        contents.some((content) => content.includes(trimPunctuation(normalise(part)))),
      );
  if (!quotations.every(verbatim)) return false;

  const rest = claim.replace(QUOTATION, " ");
  const known = new Set(contents.concat(sources.map(described)).flatMap(words));
  const numbersKnown = new Set(
    contents.concat(sources.map(described)).flatMap((text) => readNumbers(text)),
  );
  const holds = (name: string) => words(normalise(name)).every((word) => isKnown(word, known));
  return (
    readNumbers(rest).every((number) => numbersKnown.has(number)) &&
    readNames(rest, language).every(holds)
  );
}

/** What a reader may be told of a passage besides its text: its title, page and moment. */
function described({ title, page_number, start_ms, end_ms }: Citation): string {
  const moments = [start_ms, end_ms].flatMap((ms) => (ms === undefined ? [] : clock(ms)));
  return normalise([title, page_number, ...moments].join(" "));
}

function clock(ms: number): string[] {
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const short = `${minutes}:${two(seconds % 60)}`;
  return [
    short,
    `0${short}`,
    `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`,
  ];
}

const NUMBER = /\d+(?:[.,:]\d+)*/g;

/** 1,000 and 1000 are one number, and so are 3,5 and 3.5. An item's own number is none. */
function readNumbers(text: string): string[] {
  const found = text.replace(/^\s*(?:\d+[.)]|#+)\s+/, "").match(NUMBER) ?? [];
  return found.map((number) => number.replace(/[.,](?=\d{3}(?!\d))/g, "").replace(",", "."));
}

type Language = {
  nounsAreCapitalised: boolean;
  /** Capitalised words from the middle of the passages' sentences. */
  names: ReadonlySet<string>;
};

const INNER_NAME = /(?<=[\p{Ll}\d,;] )\p{Lu}[\p{L}\d'’-]+|(?<=\p{Lu}\p{Ll}+ )\p{Lu}\p{Ll}+/gu;
const NAMES_IN_A_ROW = /\b\p{Lu}{2,}\b|\p{Lu}\p{Ll}+(?:\s\p{Lu}\p{Ll}+)+/gu;
const NO_NAME = /^(?:I|I['’]\p{L}+|Dr|Prof|Mrs?|Ms|St)$/u;
/** A word that is capitalised for its place only, together with a list item's mark or number. */
const FIRST_WORD =
  /^([^\p{L}\d]*(?:\d+[.)]\s+[^\p{L}\d]*)?)([\p{L}'’]+)(?=\s+[\p{Ll}\d]|[,:;]|\s*$)/u;
const GERMAN_FIRST_WORD =
  /^[^\p{L}\d]*(?:der|die|das|den|dem|des|eine?[nmrs]?|dies\w*|im|in|am|an|auf|bei|nach|mit|von|für|laut|wie|wenn|als|auch)\s/iu;

/**
 * Capitalised words, except where a capital only begins the sentence: there a word is a name when the
 * passages show it as one. Where every noun is capitalised, as in German, only abbreviations and
 * capitalised words in a row count.
 */
function readNames(claim: string, { nounsAreCapitalised, names }: Language): string[] {
  if (nounsAreCapitalised) return claim.replace(GERMAN_FIRST_WORD, "").match(NAMES_IN_A_ROW) ?? [];
  const text = claim.replace(FIRST_WORD, (all, before: string, word: string) =>
    names.has(word) ? all : before,
  );
  const found = text.match(/(?<![\p{L}\d]|: |\*\*)\p{Lu}[\p{L}\d'’-]+/gu) ?? [];
  return found.filter((name) => !NO_NAME.test(name));
}

/** German articles and pronouns, of which any longer German answer holds some. */
const nounsAreCapitalised = (text: string) =>
  (text.match(/\b(?:der|die|das|und|ist|nicht|ein|eine|wird|von|mit)\b/gi)?.length ?? 0) >
  words(text).length / 12;

/** Spelling variants of one text: typographic quotes, dashes, ligatures, white space, case. */
function normalise(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[‘’‚‛′`´]/g, "'")
    .replace(/[“”„‟″«»]/g, '"')
    .replace(/[‐‑‒–—―−]/g, "-")
    .replace(/\u00ad/g, "")
    .replace(/[*_]{1,3}/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .toLowerCase();
}

const trimPunctuation = (text: string) => text.replace(/^[\s.,;:!?-]+|[\s.,;:!?-]+$/g, "");
const words = (text: string): string[] => text.match(/[\p{L}\d]+/gu) ?? [];

/** Allows for a plural or possessive ending on either side. */
const isKnown = (word: string, known: ReadonlySet<string>) =>
  known.has(word) ||
  known.has(word.replace(/(?:es|s)$/, "")) ||
  known.has(`${word}s`) ||
  word === "s";
