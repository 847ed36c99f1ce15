import type { MaybeTimedWord } from "./place-words";

/** A segment as a tool wrote it: times in milliseconds, null where they are missing. */
export type LooseSegment = {
  /** Where it is in the document, such as `segments.3`. */
  path: string;
  start_ms: number | null;
  end_ms: number | null;
  text: string;
  speaker?: string;
  words: MaybeTimedWord[];
};

/** The content of another tool's transcript. `segments` is empty if the tool writes words only. */
export type LooseTranscript = {
  language: unknown;
  segments: LooseSegment[];
  words: MaybeTimedWord[];
};
