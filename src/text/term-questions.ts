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
 * A question about a term, in the language of a text.
 *
 * @param language  a BCP 47 tag; English for null and for other languages
 */
export const toTermQuestion = (term: string, language: string | null): string =>
  (QUESTIONS[language?.split("-")[0] ?? "en"] ?? QUESTIONS.en!)(term);

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

/** Used instead of a tokenizer, which has to load its vocabulary: long words are rare. */
export function estimateTokens(text: string): number {
  const word = text.trim();
  return word.length < LONG_WORD || COMMON.has(word) ? 1 : Math.ceil(word.length / 4);
}
