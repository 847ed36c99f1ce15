import type { Citation } from "../../retrieval/search";
import { rankDeckTerms, type TermPage } from "../../text/deck-terms";
import { detectLanguage } from "../../text/language";
import { toSearchText } from "../../text/search-words";
import { toStem, wordsOf } from "../../text/words";

const SUGGESTIONS = 3;
/** More text takes longer and contains the same terms. */
const MAX_PASSAGES = 8;
const MAX_CHARS = 800;

/** A question about a term, which works for every term without grammar. */
const QUESTIONS: Record<string, (term: string) => string> = {
  en: (term) => `What does the course say about “${term}”?`,
  de: (term) => `Was sagt der Kurs zu „${term}“?`,
  fr: (term) => `Que dit le cours sur « ${term} » ?`,
  es: (term) => `¿Qué dice el curso sobre «${term}»?`,
  it: (term) => `Che cosa dice il corso su «${term}»?`,
  pt: (term) => `O que diz o curso sobre “${term}”?`,
  nl: (term) => `Wat zegt de cursus over “${term}”?`,
  zh: (term) => `课程对“${term}”是怎么讲的？`,
  ja: (term) => `「${term}」について講義では何と言っていますか？`,
  ko: (term) => `“${term}”에 대해 강의에서 무엇을 설명하나요?`,
};

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
  const toQuestion = QUESTIONS[language?.split("-")[0] ?? "en"] ?? QUESTIONS.en!;
  return terms.map(toQuestion);
}

const isPhrase = (term: string) => term.includes(" ");

/** Common words from this length on are few enough to be listed. */
const LONG_WORD = 7;
// biome-ignore format: words, by language: English, German, French, Spanish, Italian, Portuguese, Dutch
const COMMON = new Set([
  "another", "already", "actually", "against", "although", "always", "anything", "because", "become", "becomes", "before", "begins",
  "besides", "basically", "certain", "clearly", "consider", "contains", "current", "different", "directly", "earlier", "enough", "everything",
  "exactly", "followed", "following", "follows", "further", "general", "generally", "getting", "however", "instead", "largest", "looking",
  "merely", "minutes", "nothing", "obvious", "obviously", "original", "otherwise", "particular", "perhaps", "possible", "previous",
  "probably", "problem", "problems", "question", "questions", "quickly", "really", "remember", "results", "section", "several", "similar",
  "simple", "simply", "smallest", "someone", "something", "sometimes", "somewhat", "special", "started", "suppose", "talking", "therefore",
  "thinking", "through", "together", "towards", "usually", "various", "welcome", "whatever", "whether", "without", "yourself",
  "allerdings", "außerdem", "bereits", "besonders", "beziehungsweise", "dadurch", "daraus", "deshalb", "eigentlich", "einfach", "folgende",
  "folgenden", "gemeinsam", "genauso", "jedoch", "jeweils", "letzten", "manchmal", "mehrere", "möglich", "natürlich", "nächste", "nächsten",
  "nämlich", "obwohl", "richtig", "schließlich", "sondern", "trotzdem", "verschiedene", "vielleicht", "während", "wichtig", "zunächst",
  "zusammen", "beaucoup", "cependant", "d'abord", "depuis", "donner", "ensuite", "exemple", "maintenant", "pendant", "peut-être", "plusieurs",
  "premier", "première", "quelque", "quelques", "toujours", "además", "ahora", "algunos", "aunque", "cualquier", "durante", "entonces",
  "mientras", "nosotros", "podemos", "primera", "siempre", "también", "tenemos", "abbiamo", "adesso", "allora", "bisogna", "durante",
  "perciò", "possiamo", "qualche", "sempre", "algumas", "alguns", "então", "podemos", "sempre", "também", "temos", "volgende", "misschien",
  "natuurlijk", "tussen", "daarom",
]);

/** In place of a tokenizer, whose vocabulary takes 0.3 s and 70 MB to load: long words are rare. */
function estimateTokens(text: string): number {
  const word = text.trim();
  return word.length < LONG_WORD || COMMON.has(word) ? 1 : Math.ceil(word.length / 4);
}

const stemsOf = (text: string): string[] => wordsOf(toSearchText(text)).map(toStem);

/** The first line of a slide is its title, unless it is a sentence. */
function toTermPage({ source, quote }: Citation): TermPage {
  const text = quote.slice(0, MAX_CHARS);
  const line = text.split("\n")[0]!.trim();
  return source === "slides" && !/[.!?:;,]$/.test(line) ? { text, title: line } : { text };
}
