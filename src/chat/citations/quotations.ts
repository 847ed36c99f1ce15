const INSIDE_SINGLE = "(?:[^'‘’‚‹›\\n]|(?<=\\p{L})['’](?=\\p{L}))";
/**
 * In the quotation marks of many languages. Single ones are apostrophes too: they hold two words.
 * Lengths have bounds, so that no answer takes long to read.
 */
const QUOTATION = new RegExp(
  [
    '[„“]([^„“”"\\n]{3,600}?)[“”"]',
    // A straight mark opens before a word and closes behind one.
    '(?<![\\p{L}\\p{N}])"(?=\\S)([^„“”"\\n]{3,600}?)[”"](?![\\p{L}\\p{N}])',
    '(?<=^|[^\\p{L}\\p{N}])”(?=\\S)([^„“”"\\n]{3,600}?)”(?![\\p{L}\\p{N}])',
    "«([^»\\n]{3,600}?)»",
    "»([^«\\n]{3,600}?)«",
    "‹([^›\\n]{3,600}?)›",
    "``([^`'\\n]{3,600}?)''",
    "「([^」\\n]{2,600}?)」",
    "『([^』\\n]{2,600}?)』",
    `(?<![\\p{L}\\d])[‘‚](${INSIDE_SINGLE}{1,60}?\\s${INSIDE_SINGLE}{1,600}?)[’‘](?![\\p{L}\\d])`,
    `(?<![\\p{L}\\d])'(${INSIDE_SINGLE}{1,60}?\\s${INSIDE_SINGLE}{1,600}?)'(?![\\p{L}\\d])`,
  ].join("|"),
  "gu",
);
/** `…`, and words in brackets, which are not the source's. */
const ELISION = /(?<!\s)\s*(?:[[(]?(?:…|\.\.\.)[\])]?|\[\p{L}[^[\]\n]{0,60}\])\s*/u;
/** `[E]ntropy`: a letter in another case. */
const CHANGED_LETTER = /\[(\p{L})\](?=\p{L})/gu;

/** The quotations in a text, without the quotation marks. */
export const quotationsIn = (text: string): string[] =>
  [...text.matchAll(QUOTATION)].map((match) => match.slice(1).find((part) => part) ?? "");

/** The parts of a quotation before, between and after its omissions (`…`). */
export const partsOf = (quotation: string): string[] =>
  quotation.replace(CHANGED_LETTER, "$1").split(ELISION);

/** The same text with each quotation made something else of. */
export const replaceQuotations = (text: string, change: (quotation: string) => string): string =>
  text.replace(QUOTATION, (quotation) => change(quotation));

/** A source's words in order, once as they stand and once without hyphens at line breaks. */
export const readWording = (source: string): string[] => [
  tokensOf(source),
  tokensOf(source.replace(/(?<=\p{L})-\s*\n\s*(?=\p{Ll})/gu, "")),
];

/**
 * Whether a source contains a quotation word for word. Omissions (`…`) match any text; the rest
 * stands there in that order. Marks between words, line breaks and hyphens at them do not count.
 */
export function isVerbatim(quotation: string, wording: string[]): boolean {
  const parts = partsOf(quotation).map((part) => tokensOf(part).trimEnd());
  return wording.some((tokens) => {
    let from = 0;
    return parts.every((wanted) => {
      // A number must end there. A word can continue: "law" matches "laws".
      const at = /\d$/.test(wanted) ? `${wanted} ` : wanted;
      const found = tokens.indexOf(at, from);
      from = found + wanted.length;
      return found >= 0;
    });
  });
}

const TOKEN =
  /\p{N}+(?:[.,]\p{N}+)*|[\p{Script=Han}\p{Script=Kana}\p{Script=Hira}]|(?:(?![\p{Script=Han}\p{Script=Kana}\p{Script=Hira}])[\p{L}\p{M}])+|[=<>≠≤≥+×÷%^°$€]/gu;

/** Words, numbers and signs that mean something, each with a blank around it. */
function tokensOf(text: string): string {
  const plain = text
    .normalize("NFKC")
    .replaceAll("\u00ad", "")
    .replace(/(?<=[\d\s(])[−–](?=\d)/g, "-")
    .toLowerCase();
  return ` ${(plain.match(TOKEN) ?? []).join(" ")} `;
}
