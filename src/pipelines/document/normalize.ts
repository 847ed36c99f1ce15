import type { SlideContent } from "../../providers/slides/slide-describer";
import { cleanLine, cleanText } from "../../text/clean-text";
import { wordsOf } from "../../text/words";

/**
 * A model's account of a slide as text that can be searched and quoted: title, statement, figures,
 * tables, formulas, and then what the page itself says beyond that. No number and no word that can be
 * selected on the page is lost because a model thought little of it.
 */
export function normalizeDescription(content: SlideContent, pageText: string): string {
  const told = [
    cleanLine(content.title),
    content.statement,
    ...content.figures,
    ...content.tables,
    ...content.formulas.map((latex) => latex.trim() && `$$${latex}$$`),
  ];
  const known = wordSet(told.join("\n"));
  const rest = linesBeyond(pageText, known);
  for (const word of wordSet(rest)) known.add(word);
  const terms = content.key_terms.filter((term) => !isKnown(term, known)).join(", ");
  return [...told, rest, terms].map(cleanText).filter(Boolean).join("\n\n");
}

/** The lines of a page that say a word or number that is not known yet. */
function linesBeyond(pageText: string, known: Set<string>): string {
  return pageText
    .split("\n")
    .filter((line) => !isKnown(line, known))
    .join("\n");
}

const isKnown = (text: string, known: Set<string>) => wordSet(text).isSubsetOf(known);

const wordSet = (text: string) => new Set(wordsOf(text.toLowerCase()));
