import { type Json, listOf, numberOf, spanOf, textOf } from "./json-values";
import type { LooseSegment, LooseTranscript } from "./loose-transcript";
import type { MaybeTimedWord } from "./place-words";

/** YouTube's json3: `events` with parts in `segs`, times in milliseconds. */
export function readYouTube(document: Json): LooseTranscript | null {
  const events = listOf(document.events).filter((event) => Array.isArray(event.segs));
  const segments = events.map((event, i): LooseSegment => {
    const span = spanOf(numberOf(event.tStartMs), numberOf(event.dDurationMs));
    const parts = listOf(event.segs);
    const isTimed = parts.some((part) => "tOffsetMs" in part);
    const words = parts.map(
      (part): MaybeTimedWord => ({
        text: textOf(part.utf8).trim(),
        start_ms: span.start_ms === null ? null : span.start_ms + (numberOf(part.tOffsetMs) ?? 0),
        end_ms: null,
      }),
    );
    return {
      path: `events.${i}`,
      ...span,
      text: parts.map((part) => textOf(part.utf8)).join(""),
      words: isTimed ? words.filter(({ text }) => text !== "") : [],
    };
  });
  return { language: document.language, segments, words: [] };
}
