import { toStem, wordsOf } from "../../text/words";

// biome-ignore format: words
const EMPTY_WORDS = new Set([
  "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "between",
  "but", "by", "can", "could", "course", "did", "do", "does", "each", "else", "explain", "for", "from", "get", "give",
  "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "lecture",
  "lecturer", "let", "like", "may", "me", "mean", "more", "most", "much", "my", "no", "not", "of", "on", "one", "or",
  "our", "out", "page", "please", "professor", "s", "said", "say", "says", "she", "should", "slide", "slides", "so",
  "some", "such", "t", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those",
  "to", "us", "use", "used", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with",
  "would", "you", "your",
]);

/** The words of a text without function words and words of every lecture, as written, each once. */
export function informativeWords(text: string): string[] {
  return [...new Set(wordsOf(text).filter((word) => !EMPTY_WORDS.has(word.toLowerCase())))];
}

/** The stems of the informative words. */
export function toStems(text: string): Set<string> {
  return new Set(informativeWords(text).map(toStem));
}

/** The share of the stems `wanted` that occur in `text`, from 0 to 1. */
export function coverage(wanted: Set<string>, text: string): number {
  return wanted.size === 0 ? 0 : wanted.intersection(toStems(text)).size / wanted.size;
}
