import type { ChatMessage } from "../../db/chat/chat";
import { SEARCH_TOOLS } from "../../providers/chat/chat-model";
import { informativeWords } from "../../providers/local/words";
import { SearchInput, type ServerTool } from "./tools";

/** Words that begin a conversation, ask for help or name the material, which search cannot answer. */
// biome-ignore format: words, by language: English, German, French, Spanish, Italian, Portuguese, Dutch, Russian
const NOT_A_TOPIC = new Set([
  "hello", "hi", "hey", "thanks", "thank", "help", "course", "class", "lecture", "lectures", "lecturer", "slide", "slides", "deck",
  "page", "pages", "recording", "recordings", "video", "videos", "document", "documents", "file", "files", "material", "materials",
  "minute", "chapter", "summary", "summarise", "summarize", "today", "you", "your", "yourself",
  "hallo", "guten", "danke", "hilfe", "helfen", "kurs", "vorlesung", "vorlesungen", "folie", "folien", "seite", "seiten", "dokument",
  "dokumente", "datei", "aufzeichnung", "kapitel", "zusammenfassung", "du", "dir", "dich",
  "bonjour", "salut", "merci", "aide", "aider", "cours", "diapositive", "diapositives", "chapitre", "résumé", "tu", "vous",
  "hola", "gracias", "ayuda", "ayudar", "curso", "clase", "diapositiva", "diapositivas", "página", "documento", "capítulo", "tú",
  "ciao", "grazie", "aiuto", "corso", "lezione", "lezioni", "olá", "oi", "obrigado", "obrigada", "ajuda", "aula", "aulas", "dag",
  "bedankt", "hulp", "cursus", "college", "dia", "jij", "привет", "здравствуйте", "спасибо", "курс", "лекция", "лекции", "слайд",
]);
/** The same in scripts without spaces, and in Korean, where endings join the word; also times such as 12:30. */
const NOT_A_TOPIC_WITHIN =
  /你好|您好|谢谢|課程|课程|讲座|幻灯片|课件|页|你|こんにちは|ありがとう|講義|授業|スライド|ページ|あなた|안녕|감사|강의|수업|슬라이드|페이지|\d:\d\d/u;
const ENDS_WITH_QUESTION_MARK = /[?？؟]\s*$/u;

/**
 * The question of a thread that contains only one user message, if it can be refused by search alone:
 * it has text only, ends with a question mark, has a word with a topic, and contains no greeting and no
 * word for the material of a course. Otherwise null.
 */
export function toPlainQuestion(thread: ChatMessage[]): string | null {
  const [question, ...others] = thread;
  if (question?.role !== "user" || others.length > 0) return null;
  const { content, metadata } = question;
  if (metadata.parts?.some((part) => (part as { type?: unknown }).type !== "text")) return null;
  if (!ENDS_WITH_QUESTION_MARK.test(content) || NOT_A_TOPIC_WITHIN.test(content)) return null;
  const words =
    content
      .normalize("NFC")
      .toLowerCase()
      .match(/[\p{L}\p{M}]+/gu) ?? [];
  if (words.some((word) => NOT_A_TOPIC.has(word))) return null;
  const query = SearchInput.safeParse({ query: content });
  return query.success && informativeWords(content).length > 0 ? query.data.query : null;
}

/**
 * Runs the search tools. If the reranker scores every passage below `minScore`, returns the tools with
 * these results, so that no search runs twice. Returns null if a passage scores higher, if nothing was
 * found, or if a search or the reranker failed.
 *
 * @throws the signal's reason when it is aborted
 */
export async function searchUncovered(
  tools: ServerTool[],
  { query, minScore }: { query: string; minScore: number },
  signal: AbortSignal,
): Promise<ServerTool[] | null> {
  const names: string[] = Object.values(SEARCH_TOOLS);
  const searches = await Promise.all(
    tools
      .filter(({ name }) => names.includes(name))
      .map(async (tool) => ({ tool, found: await search(tool, query, signal) })),
  );
  signal.throwIfAborted();
  const results = searches.map(({ found }) => found);
  const isUncovered = results.every(
    (found) =>
      found !== null &&
      (found.passages.length === 0 ||
        (typeof found.best_score === "number" && found.best_score < minScore)),
  );
  if (!isUncovered || results.every((found) => found?.passages.length === 0)) return null;
  return searches.map(({ tool, found }) => ({
    ...tool,
    execute: async () => ({ ...found!, covered: false }),
  }));
}

async function search(tool: ServerTool, query: string, signal: AbortSignal) {
  const output = await tool.execute({ query }, signal).catch(() => null);
  return output && "passages" in output ? output : null;
}
