import { z } from "zod";
import { toLanguageTag } from "../../text/language-tag";
import { normalizeWords, type Segment, segmentsFromWords, type Word } from "../../text/transcript";
import { parseJson, readAnswer, type SpeechAnswer } from "./speech-request";

/** What one request heard; times count from the start of the whole recording. */
export type Heard = {
  language: string | null;
  segments: Segment[];
  words: Word[];
  /** False when the server gave text and nothing to place it by. */
  timed: boolean;
  request_id?: string;
};

/** Seconds from the start of the file that was sent. */
const Span = z.object({ start: z.number(), end: z.number() });
const Answer = z.object({
  text: z.string(),
  language: z.string().nullish(),
  words: z.array(Span.extend({ word: z.string() })).nullish(),
  segments: z.array(Span.extend({ text: z.string() })).nullish(),
});

/**
 * Reads a transcription and moves it to where its part lies in the whole.
 *
 * Servers fill this in differently: words without segments (an empty list, or none), segments
 * without words, or text alone, which becomes one segment as long as the part.
 *
 * @throws AppError `provider_answer_invalid`
 */
export function readHeard(
  answer: SpeechAnswer,
  { start_ms, duration_ms }: { start_ms: number; duration_ms: number },
): Heard {
  const { text, language, ...spans } = readAnswer(Answer, answer);
  // Whisper pads its last window: times after the end would reach into the next part.
  const at = (seconds: number) => start_ms + Math.min(Math.max(seconds * 1_000, 0), duration_ms);
  const place = (span: z.infer<typeof Span>, said: string): Segment => ({
    start_ms: at(span.start),
    end_ms: at(span.end),
    text: said,
  });
  const words = normalizeWords((spans.words ?? []).map((word) => place(word, word.word)));
  const segments = (spans.segments ?? []).map((segment) => place(segment, segment.text));
  const timed = words.length > 0 || segments.length > 0 || text.trim() === "";
  const request_id = answer.headers.get("x-request-id");

  return {
    language: toLanguageTag(language),
    segments: timed
      ? segments.length > 0
        ? segments
        : segmentsFromWords(words)
      : [{ start_ms, end_ms: start_ms + duration_ms, text }],
    words,
    timed,
    ...(request_id && { request_id }),
  };
}

/** OpenAI explains itself in an object, many other servers in a string. */
const Explanation = z.union([
  z.object({ message: z.string().optional(), code: z.string().nullish() }),
  z.string().transform((message) => ({ message, code: null })),
]);
const Refusal = z.union([
  z.object({ error: Explanation }).transform(({ error }) => error),
  z.object({ detail: Explanation }).transform(({ detail }) => detail),
]);

/** What the server says about its refusal; nothing when it speaks another dialect. */
export function readRefusal({ body }: SpeechAnswer): { code?: string | null; message?: string } {
  return Refusal.safeParse(parseJson(body)).data ?? {};
}

/** Newer models of OpenAI and some small servers know only plain text, and say so. */
export function refusesTimes({ status, body }: SpeechAnswer): boolean {
  return (
    (status === 400 || status === 422) && /response_format|verbose_json|granularit/i.test(body)
  );
}
