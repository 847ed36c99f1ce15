import { z } from "zod";
import { toLanguageTag } from "../../text/language-tag";
import {
  normalizeWords,
  type Segment,
  segmentsFromWords,
  type Word,
} from "../../text/transcript/transcript";
import { EntryText, placeSpans, Time } from "./span-times";
import { parseBody, type SpeechResponse } from "./speech-request";

/** The transcript of one part of a recording; times count from the start of the whole recording. */
export type PartTranscript = {
  language: string | null;
  segments: Segment[];
  words: Word[];
  /** False when the response has text without times. */
  timed: boolean;
  request_id?: string;
};

const WordEntry = z
  .object({
    word: z.string().nullish().catch(null),
    text: z.string().nullish().catch(null),
    start: Time,
    end: Time,
  })
  .transform(({ word, text, start, end }) => ({ text: word ?? text ?? "", start, end }));
const Body = z
  .object({
    text: z.string().nullish(),
    language: z.string().nullish().catch(null),
    words: z.array(WordEntry).nullish(),
    segments: z
      .array(
        z.object({
          text: EntryText,
          start: Time,
          end: Time,
          /** Of models that tell speakers apart. */
          speaker: z.string().nullish().catch(null),
          words: z.array(WordEntry).nullish().catch(null),
        }),
      )
      .nullish(),
  })
  .refine(({ text, segments }) => typeof text === "string" || segments != null);

/**
 * Reads the transcription of one part and moves it to the position of the part in the recording.
 *
 * Servers differ: words without segments (an empty list, or none), words inside the segments,
 * segments without words, or text alone, which becomes one segment as long as the part.
 *
 * @throws AppError `provider_answer_invalid`
 */
export function readPartTranscript(
  response: SpeechResponse,
  { start_ms, duration_ms }: { start_ms: number; duration_ms: number },
): PartTranscript {
  const body = parseBody(Body, response);
  const text = body.text ?? body.segments!.map((segment) => segment.text).join(" ");
  const place = (spans: { text: string; start?: number | null; end?: number | null }[]) => {
    const times = placeSpans(spans, duration_ms);
    return (times ?? []).map((time, i) => ({
      start_ms: start_ms + time.start_ms,
      end_ms: start_ms + time.end_ms,
      text: spans[i]!.text,
    }));
  };
  const inSegments = (body.segments ?? []).flatMap((segment) => segment.words ?? []);
  const words = normalizeWords(place(body.words?.length ? body.words : inSegments));
  const segments = place(body.segments ?? []).map((segment, i): Segment => {
    const speaker = body.segments![i]!.speaker?.trim();
    return { ...segment, ...(speaker && { speaker }) };
  });
  const timed = words.length > 0 || segments.length > 0 || text.trim() === "";
  const request_id = response.headers.get("x-request-id");

  return {
    language: toLanguageTag(body.language),
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
