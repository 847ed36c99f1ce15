import type { Citation } from "../../retrieval/search";
import { readClaims } from "./claims";
import { isNamed, knownNames, type Language, languageOf, readNames } from "./names";
import { writeAsDigits } from "./number-words";
import { isHeld, knownNumbers, readNumbers } from "./numbers";
import { isVerbatim, quotationsIn, replaceQuotations } from "./quotations";

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

function supports(sources: Citation[], claim: string, language: Language): boolean {
  const isQuoted = (quotation: string) => sources.some(({ quote }) => isVerbatim(quotation, quote));
  if (!quotationsIn(claim).every(isQuoted)) return false;

  const rest = withoutPlaces(
    replaceQuotations(claim, () => " "),
    sources,
  );
  const texts = sources.flatMap(({ quote, title }) => [quote, title ?? ""]);
  const numbers = new Set(texts.flatMap((text) => [...knownNumbers(text)]));
  const names = knownNames(texts);
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
