/**
 * Makes text of providers, PDFs, captions and callers safe to store and to show.
 *
 * PostgreSQL rejects NUL and lone surrogates. The other removed characters are invisible and could
 * split words, reverse lines or hide instructions from readers.
 */

const LINE_BREAKS = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression removes control characters
const CONTROLS = /[\x00-\x08\x0e-\x1f\x7f-\x9f]/g;
/**
 * Soft hyphen, zero-width space, word joiner and similar, byte order mark, bidi overrides and Unicode
 * tags. The zero-width joiners U+200C and U+200D are kept: Persian, Hindi and emoji need them.
 */
const INVISIBLE =
  /[\u00ad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;
const WIDE_SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

const PRINTABLE_ASCII_WORD = /^[!-~]+$/;

/**
 * Removes unsafe characters and converts to Unicode normal form C. Line breaks become `\n`, repeated
 * spaces become one, indentation is kept (slides show code), and at most one empty line separates
 * paragraphs. Cleaning a cleaned text does not change it.
 */
export function cleanText(text: string): string {
  // Words of a transcript, up to a million: nothing to clean.
  if (PRINTABLE_ASCII_WORD.test(text)) return text;
  const visible = text
    .toWellFormed()
    .replace(LINE_BREAKS, "\n")
    .replace(CONTROLS, "")
    .replace(INVISIBLE, "")
    .replace(WIDE_SPACES, " ")
    .normalize("NFC");
  return visible
    .split("\n")
    .map(cleanIndented)
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** `cleanText` for a single line: names, titles, tags. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, " ");
}

function cleanIndented(line: string): string {
  const indent = line.length - line.trimStart().length;
  const body = line
    .trim()
    .replace(/ {2,}/g, " ")
    .replace(/ ?\t[ \t]*/g, "\t");
  return body && line.slice(0, indent) + body;
}
