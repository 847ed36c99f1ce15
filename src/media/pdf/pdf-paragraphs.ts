/**
 * What the lines of a page amount to: paragraphs, headings, a title. Only place and size of the type say so,
 * since most PDFs carry no other structure.
 */
import { characters, type Line, medianSize } from "./pdf-layout";

export type PageText = { paragraphs: string[]; headings: string[]; title: string | null };

/** @param pageHeight in points, as the lines' places are */
export function toPageText(lines: Line[], pageHeight: number): PageText {
  const paragraphs = toParagraphs(lines);
  const body = medianSize(lines);
  return {
    paragraphs: paragraphs.map(joinLines),
    headings: paragraphs.filter((paragraph) => isHeading(paragraph, body)).map(joinLines),
    title: findTitle(paragraphs, body, pageHeight),
  };
}

/** A paragraph ends where the distance, the font size or the column changes. */
function toParagraphs(lines: Line[]): Line[][] {
  const paragraphs: Line[][] = [];
  for (const line of lines) {
    const last = paragraphs.at(-1)?.at(-1);
    const follows =
      last &&
      line.top > last.top &&
      line.top - last.bottom < line.size * 0.7 &&
      Math.abs(line.size - last.size) < last.size * 0.15;
    if (!follows) paragraphs.push([]);
    paragraphs.at(-1)!.push(line);
  }
  return paragraphs;
}

/** A word that was hyphenated at the end of a line is made whole on the line where it begins. */
function joinLines(lines: Line[]): string {
  return lines
    .map(({ text }) => text)
    .join("\n")
    .replace(/(\p{Ll})[-‐\u00ad]\n(\p{Ll}\S*) ?/gu, "$1$2\n")
    .trim();
}

const MAX_HEADING_CHARACTERS = 200;
/** Formulas are set large as well. */
const FORMULA = /[=≤≥∑∫]/;

function isHeading(paragraph: Line[], body: number): boolean {
  const text = joinLines(paragraph);
  return (
    paragraph[0]!.size >= body * 1.15 &&
    text.length <= MAX_HEADING_CHARACTERS &&
    /\p{L}{2}/u.test(text) &&
    !FORMULA.test(text)
  );
}

/** The largest heading, or what stands alone at the top, or all of a page that says little. */
function findTitle(paragraphs: Line[][], body: number, height: number): string | null {
  const headings = paragraphs.filter((paragraph) => isHeading(paragraph, body));
  const largest = headings.toSorted((a, b) => b[0]!.size - a[0]!.size)[0];
  const first = paragraphs[0];
  if (largest) return joinLines(largest);
  if (!first || !/\p{L}{2}/u.test(joinLines(first))) return null;
  const standsAlone = first.length === 1 && first[0]!.bottom < height / 4;
  const saysLittle = characters(paragraphs.flat()) <= 120;
  return (standsAlone || saysLittle) && joinLines(first).length <= 100 ? joinLines(first) : null;
}
