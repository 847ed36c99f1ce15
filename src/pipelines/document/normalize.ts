import type { SlideContent } from "../../providers/slides/slide-describer";
import { cleanLine, cleanText } from "../../text/clean-text";
import { wordsOf } from "../../text/words";

/**
 * A model's description of a slide as text that can be searched and quoted: title, statement, figures,
 * tables, formulas, and then the lines of the page that add a word or number. So the model cannot drop
 * a word that can be selected on the page.
 */
export function normalizeDescription(content: SlideContent, pageText: string): string {
  const described = [
    cleanLine(content.title),
    content.statement,
    ...content.figures,
    ...content.tables,
    ...content.formulas.map((latex) => latex.trim() && `$$${latex}$$`),
  ];
  const known = wordSet(described.join("\n"));
  const rest = linesBeyond(pageText, known);
  for (const word of wordSet(rest)) known.add(word);
  const terms = content.key_terms.filter((term) => !isKnown(term, known)).join(", ");
  return [...described, rest, terms].map(cleanText).filter(Boolean).join("\n\n");
}

/**
 * The text of a page that was read twice: from its picture, and the lines of its text layer that add a
 * word or number.
 */
export function mergeTexts(fromPicture: string, textLayer: string): string {
  const rest = linesBeyond(textLayer, wordSet(fromPicture));
  return [fromPicture, rest].map(cleanText).filter(Boolean).join("\n\n");
}

/** The lines of a page with a word or number that is not known yet. */
function linesBeyond(pageText: string, known: Set<string>): string {
  return pageText
    .split("\n")
    .filter((line) => !isKnown(line, known))
    .join("\n");
}

const isKnown = (text: string, known: Set<string>) => wordSet(text).isSubsetOf(known);

const wordSet = (text: string) => new Set(wordsOf(text.toLowerCase()));
