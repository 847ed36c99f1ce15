import type { MarkdownBlock } from "./split-blocks";

/** A paragraph is divided at the next word after so many characters. */
const PIECE = 300;
/** A construct that is open for longer is no reason to search on: the rest is one piece. */
const MAX_PIECE = 3_000;

/** Marks, bold, italic and code that end where they should. They need no text around them to be read. */
const CLOSED =
  /`[^`]+`|\[\d[\d, –-]*\](?![[(:])|(\*\*?)(?=[\p{L}\d])[^\\`*_[\]<>&$~@]*(?:(?<=[\p{L}\d])\1(?!\*)|(?<=[.,:;!?])\1(?= |$))/gu;
/** Characters and beginnings that can mean something in a line of Markdown, and marks that can contain words. */
const ACTIVE = /[\\`*_[\]$~@［【]|<(?=[\p{L}/!?])|&(?=[\p{L}#])|:\/\/|www\./iu;
const PARAGRAPH = /^\p{L}[^\n]*\n*$/u;
const WORD = /(?<=\S) (?=\p{L})/gu;

/**
 * Splits a paragraph of one line before words, where all Markdown before them is complete. Each piece can be
 * parsed alone, with one space between them. While a paragraph grows, only its last piece changes.
 *
 * @returns undefined for a block that must be parsed as a whole
 */
export function splitParagraph({ text, start }: MarkdownBlock): MarkdownBlock[] | undefined {
  if (text.length <= PIECE || !PARAGRAPH.test(text)) return undefined;
  const pieces: MarkdownBlock[] = [];
  let from = 0;
  let earliest = PIECE;
  for (;;) {
    WORD.lastIndex = earliest;
    const space = WORD.exec(text)?.index;
    if (space === undefined || space - from > MAX_PIECE) break;
    const piece = text.slice(from, space);
    if (isComplete(piece)) {
      pieces.push({ text: piece, start: start + from });
      from = space + 1;
    }
    earliest = space + PIECE;
  }
  pieces.push({ text: text.slice(from), start: start + from });
  return pieces;
}

const isComplete = (piece: string) => !ACTIVE.test(piece.replace(CLOSED, ""));
