/** The words that a slide and the speech over it add to each other's search words. */
import { toSearchText } from "../text/search-words";
import type { SpeechPiece } from "./speech-pieces";

/** A title and the first lines name the topic of a page; more words only make its passages longer. */
const MOST_PAGE_WORDS = 80;
const MOST_SPOKEN_WORDS = 250;

/** The first words of a page. */
export const pageWords = (text: string): string => firstWords(text, MOST_PAGE_WORDS);

/**
 * The first words that are spoken in a span. Speech that reaches beyond the span is left out: the other side
 * can belong to a hidden page.
 */
export function spokenWords(
  pieces: readonly SpeechPiece[],
  { start_ms, end_ms }: { start_ms: number; end_ms: number },
): string {
  const spoken = pieces.filter((piece) => piece.start_ms >= start_ms && piece.end_ms <= end_ms);
  return firstWords(spoken.map(({ text }) => text).join(" "), MOST_SPOKEN_WORDS);
}

const firstWords = (text: string, most: number) =>
  toSearchText(text).split(" ").slice(0, most).join(" ");
