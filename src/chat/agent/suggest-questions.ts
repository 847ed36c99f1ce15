import type { Citation } from "../../retrieval/search";
import { rankDeckTerms, type TermPage } from "../../text/deck-terms";
import { detectLanguage } from "../../text/language";
import { toSearchText } from "../../text/search-words";
import { estimateTokens, toTermQuestion } from "../../text/term-questions";
import { toStem, wordsOf } from "../../text/words";

const SUGGESTIONS = 3;
/** More text takes longer and contains the same terms. */
const MAX_PASSAGES = 8;
const MAX_CHARS = 800;

/**
 * Questions that the user can ask next: about terms of the retrieved passages that the user has not asked
 * about yet. No model is called. Empty without passages.
 *
 * @param questions of the user in this thread, the last one last
 * @param passages retrieved for the answer, the best first
 */
export function suggestQuestions(questions: string[], passages: Citation[]): string[] {
  const visible = passages.filter(({ withheld }) => !withheld).slice(0, MAX_PASSAGES);
  if (visible.length === 0) return [];
  const asked = new Set(questions.flatMap(stemsOf));
  const pages = visible.map(toTermPage);
  const terms: string[] = [];
  const ranked = rankDeckTerms(pages, estimateTokens);
  // A title says more than a single word.
  for (const term of [...ranked.filter(isPhrase), ...ranked.filter((one) => !isPhrase(one))]) {
    const stems = stemsOf(term);
    if (stems.length === 0 || stems.some((stem) => asked.has(stem))) continue;
    terms.push(term);
    for (const stem of stems) asked.add(stem);
    if (terms.length === SUGGESTIONS) break;
  }
  const language =
    detectLanguage(questions.at(-1) ?? "").language_code ??
    detectLanguage(pages.map(({ text }) => text).join("\n")).language_code;
  return terms.map((term) => toTermQuestion(term, language));
}

const isPhrase = (term: string) => term.includes(" ");

const stemsOf = (text: string): string[] => wordsOf(toSearchText(text)).map(toStem);

/** The first line of a slide is its title, unless it is a sentence. */
function toTermPage({ source, quote }: Citation): TermPage {
  const text = quote.slice(0, MAX_CHARS);
  const line = text.split("\n")[0]!.trim();
  return source === "slides" && !/[.!?:;,]$/.test(line) ? { text, title: line } : { text };
}
