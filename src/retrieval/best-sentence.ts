import { isQuestionWord, withoutQuestionPhrases } from "../text/question-words";
import { searchWordsOf } from "../text/search-words";
import { splitSentences } from "../text/sentences";
import { type Timeline, timesOf } from "../text/timeline";
import { toStem } from "../text/words";

export type SpokenChunk = { content: string; start_ms: number; end_ms: number };
type Moment = { start_ms: number; end_ms: number };

/** Speech without punctuation is one long sentence; it is compared in parts of about this length. */
const PART_CHARS = 200;
const PARTS = new RegExp(`[\\s\\S]{1,${PART_CHARS}}(?:\\s+|$)|[\\s\\S]{1,${PART_CHARS}}`, "g");

/**
 * The time of the sentence with the most words of a question, where rare words count more. Without a
 * common word, the time of the whole chunk.
 *
 * @param timeline  the speech around the chunk; without it, or when it lacks the sentence, words count as
 *                  evenly distributed over the chunk
 */
export function findBestMoment(chunk: SpokenChunk, question: string, timeline?: Timeline): Moment {
  const { content, start_ms, end_ms } = chunk;
  const pieces = splitSentences(content).flatMap((sentence) => sentence.match(PARTS) ?? []);
  const wanted = new Set(stemsOf(withoutQuestionPhrases(question)));
  const found = pieces.map((piece) => new Set(stemsOf(piece, wanted)));
  const weight = (stem: string) =>
    Math.log(1 + pieces.length / found.filter((stems) => stems.has(stem)).length);
  const scores = found.map((stems) => [...stems].reduce((sum, stem) => sum + weight(stem), 0));
  const best = scores.indexOf(Math.max(...scores));
  if (best === -1 || scores[best] === 0) return { start_ms, end_ms };

  const sentence = pieces[best]!.trim();
  const at = timeline?.text.indexOf(sentence) ?? -1;
  if (timeline && at >= 0) return timesOf(timeline, at, at + sentence.length);

  const from = pieces.slice(0, best).join("").length;
  const timeAt = (offset: number) => start_ms + ((end_ms - start_ms) * offset) / content.length;
  return {
    start_ms: Math.floor(timeAt(from)),
    end_ms: Math.ceil(timeAt(from + pieces[best]!.length)),
  };
}

/** The stems of a text, or those of them that are wanted. */
function stemsOf(text: string, wanted?: ReadonlySet<string>): string[] {
  return searchWordsOf(text).flatMap(({ forms, pairs }) => {
    const stems = [...forms, ...pairs].map(toStem);
    const found = wanted ? stems.filter((stem) => wanted.has(stem)) : stems;
    return found.length > 0 && forms.some(isQuestionWord) ? [] : found;
  });
}
