/**
 * What providers, PDFs, captions and callers send, made safe to store and to show.
 *
 * PostgreSQL refuses NUL and lone surrogates; the other characters removed here are invisible
 * and would only split words, reverse lines or hide instructions from a human reader.
 */

const LINE_BREAKS = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x08\x0e-\x1f\x7f-\x9f]/g;
/**
 * Soft hyphen, zero-width space, word joiner and its like, byte order mark, bidi overrides and
 * Unicode tags. The zero-width joiners U+200C and U+200D stay: Persian, Hindi and emoji need them.
 */
const INVISIBLE =
  /[\u00ad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;
const WIDE_SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/**
 * Removes what must not be stored, in Unicode normal form C. Line breaks become `\n`, spaces
 * inside a line become one, indentation stays (slides show code), and at most one empty line
 * separates paragraphs. Cleaning twice changes nothing.
 */
export function cleanText(text: string): string {
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

/** `cleanText` on a single line: names, titles, tags. */
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
