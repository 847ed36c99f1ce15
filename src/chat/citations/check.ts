import type { Citation } from "../../retrieval/search";
import { type Claim, readClaims } from "./claims";
import { monthOf } from "./months";
import { canonical, findNumbers, knownValues, type NumberInText, prepareNumbers } from "./numbers";
import { isVerbatim, quotationsIn, readWording, replaceQuotations } from "./quotations";
import { canBeSpelledOut, readWordPositions, type WordPositions } from "./spelled-out";
import { stemsOf } from "./stems";
import { IMPLIED_UNITS, isSameUnit, unitOfNumber, unitsOf } from "./units";
import { isUnrelated } from "./unrelated";

/** `unsupported`: every sentence that cites this passage is unsupported. */
export type CheckedCitation = Citation & { unsupported?: true };

/**
 * Why a sentence is unsupported: its passages do not contain a number or a quotation of it, or the
 * unit of a number, or nearly none of its words.
 */
export type UnsupportedReason = "number" | "quotation" | "unit" | "unrelated";

/** A sentence of an answer that the passages at its marks do not support. */
export type UnsupportedSentence = {
  /** UTF-16 offsets in the answer's content; `end` is exclusive. */
  start: number;
  end: number;
  reason: UnsupportedReason;
  /** The citation numbers at its marks. */
  numbers: number[];
};

export type CheckedAnswer = { citations: CheckedCitation[]; unsupported: UnsupportedSentence[] };

/**
 * Compares each sentence of an answer with the passages that it cites together: quotations word for
 * word, numbers in digits with their units, and whether the words have anything in common. It does
 * not notice a negation, a swapped subject, or a wrong name.
 *
 * Returns the retrieved citations, each once in the order of its first mark, and the sentences at
 * fault in their order. Marks inside code and formulas do not count.
 */
export function checkCitations(
  answer: string,
  passages: ReadonlyMap<number, Citation>,
): CheckedAnswer {
  if (passages.size === 0) return { citations: [], unsupported: [] };
  const sourceOf = sourceReader(passages);
  const unsupported: UnsupportedSentence[] = [];
  const cited = new Map<number, { citation: Citation; isSupported: boolean }>();
  for (const claim of readClaims(answer)) {
    const sources = claim.numbers.flatMap((number) => sourceOf(number) ?? []);
    if (sources.length === 0) continue;
    const reason = claim.isListed ? undefined : faultOf(claim, sources);
    const numbers = sources.map(({ citation }) => citation.number);
    if (reason) unsupported.push({ start: claim.start, end: claim.end, reason, numbers });
    for (const { citation } of sources) {
      const isSupported = !reason || cited.get(citation.number)?.isSupported === true;
      cited.set(citation.number, { citation, isSupported });
    }
  }
  const citations = [...cited.values()].map(({ citation, isSupported }) =>
    isSupported ? citation : { ...citation, unsupported: true as const },
  );
  return { citations, unsupported };
}

/** A passage, with the values and words that the check compares. */
type ReadPassage = {
  citation: Citation;
  text: string;
  stems: Set<string>;
  wording: string[];
  values: Set<string>;
  /** The units at each value; `null` for a value without a unit. */
  unitsAt: Map<string, Set<string | null>>;
  units: Set<string>;
  prefixes: Set<string>;
  /** It has a date with a month in words and digits beside it. */
  hasDates: boolean;
  words: WordPositions;
};

/** Reads each passage once, however often it is cited. */
function sourceReader(passages: ReadonlyMap<number, Citation>) {
  const read = new Map<number, ReadPassage>();
  return (number: number): ReadPassage | undefined => {
    const citation = passages.get(number);
    const source = read.get(number) ?? (citation && readPassage(citation));
    if (source) read.set(number, source);
    return source;
  };
}

function readPassage(citation: Citation): ReadPassage {
  const { quote, title } = citation;
  const text = `${title ?? ""}\n\n${quote}`;
  const prepared = prepareNumbers(text);
  const values = knownValues(prepared);
  const unitsAt = new Map<string, Set<string | null>>();
  const prefixes = new Set<string>();
  const numbers = findNumbers(prepared);
  for (const number of numbers) {
    const unit = unitOfNumber(prepared, number) ?? null;
    for (const value of number.readings.flat()) {
      unitsAt.set(value, (unitsAt.get(value) ?? new Set()).add(unit));
      if (unit === "%") values.add(canonical(Number(value) / 100));
    }
    if (number.prefix) prefixes.add(number.prefix);
  }
  return {
    citation,
    text: quote,
    stems: stemsOf(text),
    wording: readWording(quote),
    values,
    unitsAt,
    units: unitsOf(prepared),
    prefixes,
    hasDates: numbers.some((number) => monthsBeside(number, prepared).length > 0),
    words: readWordPositions(prepared),
  };
}

function faultOf(
  { text, blockQuotation }: Claim,
  sources: ReadPassage[],
): UnsupportedReason | undefined {
  const isQuoted = (quotation: string) =>
    sources.some(({ wording }) => isVerbatim(quotation, wording));
  if (!quotationsIn(text).every(isQuoted)) return "quotation";
  if (blockQuotation && !isQuoted(blockQuotation)) return "quotation";

  const unquoted = replaceQuotations(text, () => " ");
  const rest = prepareNumbers(withoutPlaces(unquoted, sources).replace(LIST_LABEL, " "));
  const numbers = findNumbers(rest);
  const words = numbers.length > 0 ? readWordPositions(rest) : undefined;
  if (!numbers.every((number) => isNumberSupported(number, rest, words!, sources))) return "number";
  if (!numbers.every((number) => isMonthSupported(number, rest, sources))) return "number";
  if (!numbers.every((number) => isUnitSupported(number, rest, sources))) return "unit";
  return isUnrelated(text, sources) ? "unrelated" : undefined;
}

/** The own number of a list item or a heading. */
const LIST_LABEL = /^\s*(?:[>*+-]\s+)*[*_]*(?:\d+[.)]\s+|#+\s+(?:\d+[.)]\s+)?)/u;

const holds = (readings: string[][], sources: ReadPassage[]) =>
  readings.some((values) =>
    values.every((value) => sources.some((source) => source.values.has(value))),
  );

function isNumberSupported(
  number: NumberInText,
  claim: string,
  claimWords: WordPositions,
  sources: ReadPassage[],
): boolean {
  if (holds(number.readings, sources) || isPercentage(number, claim, sources)) return true;
  if (number.prefix) return !sources.some(({ prefixes }) => prefixes.has(number.prefix));
  // Exponents are written in digits.
  if (/\^\s?\{?-?$/.test(claim.slice(Math.max(0, number.start - 4), number.start))) return false;
  const isDate = monthsBeside(number, claim).length > 0;
  if (isDate && sources.some(({ hasDates }) => hasDates)) return false;
  return sources.some(({ words }) => canBeSpelledOut(number, claimWords, words));
}

/** 25 % in the claim, .25 in a source. */
const isPercentage = (number: NumberInText, claim: string, sources: ReadPassage[]) =>
  unitOfNumber(claim, number) === "%" &&
  holds(
    number.readings.map((values) => values.map((value) => canonical(Number(value) / 100))),
    sources,
  );

/** The month of a date, in any language or as a number. */
const isMonthSupported = (number: NumberInText, claim: string, sources: ReadPassage[]) =>
  monthsBeside(number, claim).every((months) =>
    [...months].some((month) => holds([[`month:${month}`], [String(month)]], sources)),
  );

/** The months named directly before or after a day or a year. */
function monthsBeside({ digits, start, end }: NumberInText, text: string): ReadonlySet<number>[] {
  if (!/^\d{1,2}$|^[12]\d{3}$/.test(digits)) return [];
  const before = /([\p{L}\p{M}]{3,20})[\s,.]{1,3}$/u.exec(
    text.slice(Math.max(0, start - 24), start),
  );
  const after = /^(?:\p{L}{0,3}|\.)\s(?:(?:of|de|del|di)\s)?([\p{L}\p{M}]{3,20})/u.exec(
    text.slice(end, end + 32),
  );
  return [before, after].flatMap((match) => (match && monthOf(match[1]!)) ?? []);
}

function isUnitSupported(number: NumberInText, claim: string, sources: ReadPassage[]): boolean {
  const unit = unitOfNumber(claim, number);
  if (unit === undefined || number.prefix !== "" || isInitial(claim, number)) return true;
  if (isPercentage(number, claim, sources)) return true;
  const found = sources.flatMap(({ unitsAt }) =>
    number.readings.flatMap((values) => [...(unitsAt.get(values[0]!) ?? [])]),
  );
  if (found.some((other) => other !== null && isSameUnit(unit, other))) return true;
  if (found.length > 0 && !found.includes(null)) return false;
  if (IMPLIED_UNITS.has(unit)) return true;
  return sources.some(({ units }) => [...units].some((other) => isSameUnit(unit, other)));
}

/** "In 1897 J. J. Thomson …" has no joules. */
const isInitial = (claim: string, { scaleEnd }: NumberInText) =>
  /^\s?[A-Z]\.\s*\p{Lu}/u.test(claim.slice(scaleEnd, scaleEnd + 8));

const PAGE =
  /(?<!\p{L})(?:pages?|pp?\.|slides?|seiten?|s\.|folien?|diapositives?|páginas?|pagin[ae]|diapositivas?|стр\p{L}*\.?|слайд\p{L}*)\s*(\d+)/giu;
const MOMENT = /(?<![\d:])(?:(\d{1,2}):)?(\d{1,3}):(\d{2})(?![\d:])/g;

/** Removes the page and the time of a cited passage: an answer can name them. */
function withoutPlaces(claim: string, sources: ReadPassage[]): string {
  const citations = sources.map(({ citation }) => citation);
  return claim
    .replace(PAGE, (all, page) =>
      citations.some(({ page_number }) => page_number === Number(page)) ? " " : all,
    )
    .replace(MOMENT, (all, hours = "0", minutes, seconds) => {
      const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
      return citations.some((citation) => isDuring(citation, ms)) ? " " : all;
    });
}

function isDuring({ start_ms, end_ms }: Citation, ms: number): boolean {
  if (start_ms === undefined) return false;
  const second = Math.floor(start_ms / 1_000) * 1_000;
  return second <= ms && ms <= Math.max(second, end_ms ?? 0);
}
