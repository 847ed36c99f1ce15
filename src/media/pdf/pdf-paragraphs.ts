/**
 * Finds paragraphs, headings and the title of a page from the place and size of its lines, because most
 * PDFs carry no other structure.
 */
import { withIndentation } from "./code-indentation";
import { characters, type Line, medianSize } from "./pdf-layout";

type Paragraph = { lines: Line[]; size: number; text: string };
export type PageParagraphs = { paragraphs: string[]; headings: string[]; title: string | null };

/** @param pageHeight in points */
export function toPageText(ownLines: Line[], pageHeight: number): PageParagraphs {
  const lines = withIndentation(ownLines);
  const words = wordsOf(lines);
  const body = medianSize(lines.filter(({ tilted }) => !tilted));
  const paragraphs = toParagraphs(lines).map((each) => ({
    lines: each,
    size: each[0]!.size,
    text: joinLines(each, words),
  }));
  const straight = paragraphs.filter((paragraph) => !paragraph.lines[0]!.tilted);
  const headings = straight.filter((paragraph) => isHeading(paragraph, body));
  return {
    paragraphs: paragraphs.map(({ text }) => text),
    headings: headings.map(({ text }) => text),
    title: findTitle(straight, headings, pageHeight),
  };
}

/** A paragraph ends where the distance, the font size or the column changes. */
function toParagraphs(lines: Line[]): Line[][] {
  const paragraphs: Line[][] = [];
  for (const line of lines) {
    const last = paragraphs.at(-1)?.at(-1);
    const follows =
      last &&
      line.tilted === last.tilted &&
      line.top > last.top &&
      line.top - last.bottom < line.size * 0.7 &&
      Math.abs(line.size - last.size) < last.size * 0.15;
    if (!follows) paragraphs.push([]);
    paragraphs.at(-1)!.push(line);
  }
  return paragraphs;
}

const DIVIDED = /(\p{L}(?:[\p{L}\p{M}-]*[\p{L}\p{M}])?)([-‐\u00ad]+)$/u;
const CONTINUED = /^(\p{Ll}[\p{L}\p{M}\u00ad-]*)(\S*)[ ]?/u;

/**
 * A word that is divided at the end of a line is joined on the line where it begins. A compound keeps its
 * hyphen.
 *
 * @param words  the words of the page that are not divided, in lower case
 */
function joinLines(lines: Line[], words: ReadonlySet<string>): string {
  const joined: string[] = [];
  for (const { text } of lines) {
    const last = joined.at(-1) ?? "";
    const [, start = "", hyphen = ""] = DIVIDED.exec(last) ?? [];
    const [continued, end = "", rest = ""] = /\p{Ll}$/u.test(start)
      ? (CONTINUED.exec(text) ?? [])
      : [];
    if (continued === undefined) {
      joined.push(text);
      continue;
    }
    const isCompound =
      !hyphen.includes("\u00ad") && isCompoundOf(start.toLowerCase(), plainEnd(end), words);
    const before = last.slice(0, last.length - hyphen.length);
    joined[joined.length - 1] = `${before}${isCompound ? "-" : ""}${end}${rest}`;
    if (continued.length < text.length) joined.push(text.slice(continued.length));
  }
  return joined.join("\n").trimEnd();
}

/** A word can be divided twice. */
const plainEnd = (end: string) => end.replace(/[-\u00ad]$/, "");

/** First parts of compounds: a hyphen after them is usually part of the word, not a division at the end of a line. */
const COMPOUND_STARTS = new Set(
  (
    "well self non half high low long short real one two three four five six multi cross open closed " +
    "full part time state end fine coarse large small early late first second third single double " +
    "hard soft hands step trade follow built all anti pre post quasi semi co ex up down on off so " +
    "cost data event user object problem rule task test value vector zero left right top bottom " +
    "best worst life order point case e x t z p n k"
  ).split(" "),
);

function isCompoundOf(start: string, end: string, words: ReadonlySet<string>): boolean {
  const last = start.split("-").at(-1)!;
  if (words.has(start + end)) return false;
  if (words.has(`${start}-${end}`) || start.includes("-") || end.includes("-")) return true;
  return COMPOUND_STARTS.has(last) ? end.length >= 3 : words.has(last) && words.has(end);
}

/** The words inside lines, compounds included: they show how a divided word is written. */
function wordsOf(lines: Line[]): Set<string> {
  const words = lines.flatMap(
    ({ text }) => text.match(/\p{L}[\p{L}\p{M}-]*(?![\p{L}-]*[-‐\u00ad]$)/gu) ?? [],
  );
  return new Set(words.map((word) => word.toLowerCase()));
}

const MAX_HEADING_CHARACTERS = 200;
/** Formulas are set in large type as well. */
const FORMULA = /[=≤≥∑∫]/;

function isHeading({ size, text }: Paragraph, body: number): boolean {
  return (
    size >= body * 1.15 &&
    text.length <= MAX_HEADING_CHARACTERS &&
    /\p{L}{2}/u.test(text) &&
    !FORMULA.test(text)
  );
}

/** The largest heading; else a single line at the top, or the first paragraph of a page with little text. */
function findTitle(paragraphs: Paragraph[], headings: Paragraph[], height: number): string | null {
  const largest = headings.toSorted((a, b) => b.size - a.size)[0];
  const first = paragraphs[0];
  if (largest) return largest.text;
  const isTable = first?.text.includes("\t");
  if (!first || isTable || !/\p{L}{2}/u.test(first.text)) return null;
  const isAlone = first.lines.length === 1 && first.lines[0]!.bottom < height / 4;
  const isShortPage = characters(paragraphs) <= 120 && first.lines.length <= 2;
  return (isAlone || isShortPage) && first.text.length <= 100 ? first.text : null;
}
