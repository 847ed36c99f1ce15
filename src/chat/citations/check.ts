import type { Citation } from "../../retrieval/search";
import { readClaims } from "./claims";
import {
  isNamed,
  type KnownNames,
  knownNames,
  type Language,
  languageOf,
  readNames,
} from "./names";
import { writeAsDigits } from "./number-words";
import { isHeld, knownNumbers, readNumbers } from "./numbers";
import { isVerbatim, quotationsIn, readWording, replaceQuotations } from "./quotations";

/** `unsupported`: the answer says something there that the passage does not. */
export type CheckedCitation = Citation & { unsupported?: true };

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
  const language = languageOf(
    answer,
    [...passages.values()].map(({ quote }) => quote),
  );
  const sourceOf = sourceReader(passages);
  for (const { text, numbers } of readClaims(answer)) {
    const sources = numbers.flatMap((number) => sourceOf(number) ?? []);
    const unsupported = sources.length > 0 && !supports(sources, text, language);
    for (const { citation } of sources) {
      const known = checked.get(citation.number) ?? citation;
      checked.set(citation.number, unsupported ? { ...known, unsupported } : known);
    }
  }
  return [...checked.values()];
}

/** A passage, and what it says. */
type Source = { citation: Citation; wording: string[]; numbers: Set<string>; names: KnownNames };

/** Reads each passage once, however often it is cited. */
function sourceReader(passages: ReadonlyMap<number, Citation>) {
  const read = new Map<number, Source>();
  return (number: number): Source | undefined => {
    const citation = passages.get(number);
    const source = read.get(number) ?? (citation && readSource(citation));
    if (source) read.set(number, source);
    return source;
  };
}

function readSource(citation: Citation): Source {
  const { quote, title } = citation;
  const text = `${title ?? ""}\n\n${quote}`;
  return {
    ...{ citation, wording: readWording(quote) },
    ...{ numbers: knownNumbers(text), names: knownNames(text) },
  };
}

function supports(sources: Source[], claim: string, language: Language): boolean {
  const isQuoted = (quotation: string) =>
    sources.some(({ wording }) => isVerbatim(quotation, wording));
  if (!quotationsIn(claim).every(isQuoted)) return false;

  const rest = withoutPlaces(
    replaceQuotations(claim, () => " "),
    sources.map(({ citation }) => citation),
  );
  const numbers = sources.map((source) => source.numbers);
  const names = sources.map((source) => source.names);
  return (
    readNumbers(rest).every((readings) => isHeld(readings, numbers)) &&
    readNames(writeAsDigits(rest, { doubtful: false }), language).every((name) =>
      isNamed(name, names),
    )
  );
}

const PAGE =
  /(?<!\p{L})(?:pages?|pp?\.|slides?|seiten?|s\.|folien?|diapositives?|páginas?|pagin[ae]|diapositivas?|стр\p{L}*\.?|слайд\p{L}*)\s*(\d+)/giu;
const MOMENT = /(?<![\d:])(?:(\d{1,2}):)?(\d{1,3}):(\d{2})(?![\d:])/g;

/** A reader may be told on what page a passage stands, and at what moment it is said. */
function withoutPlaces(claim: string, sources: Citation[]): string {
  return claim
    .replace(PAGE, (all, page) =>
      sources.some(({ page_number }) => page_number === Number(page)) ? " " : all,
    )
    .replace(MOMENT, (all, hours = "0", minutes, seconds) => {
      const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
      return sources.some((source) => isDuring(source, ms)) ? " " : all;
    });
}

function isDuring({ start_ms, end_ms }: Citation, ms: number): boolean {
  if (start_ms === undefined) return false;
  const second = Math.floor(start_ms / 1_000) * 1_000;
  return second <= ms && ms <= Math.max(second, end_ms ?? 0);
}
