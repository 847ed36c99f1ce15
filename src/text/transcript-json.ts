import { z } from "zod";
import { AppError, toFieldProblems } from "../errors";
import { normalizeSegments, normalizeWords, type Transcript } from "./transcript";

const Timed = z
  .object({
    start_ms: z.number().nonnegative(),
    end_ms: z.number().nonnegative(),
    text: z.string().max(1_000_000),
    speaker: z.string().max(200).nullish(),
  })
  .refine(({ start_ms, end_ms }) => end_ms >= start_ms, {
    path: ["end_ms"],
    message: "must not be before start_ms",
  });
const TimedWord = Timed.and(z.object({ kind: z.enum(["word", "audio_event"]).optional() }));

const Segments = z.array(Timed).min(1).max(100_000);
const TranscriptJson = z.object({
  language_code: z.string().refine(isLanguageTag, "must be a BCP 47 language tag").nullish(),
  segments: Segments,
  words: z.array(TimedWord).max(1_000_000).nullish(),
});

/**
 * Reads the JSON that `GET …/transcript?segments=true` answers, or a bare list of segments.
 *
 * @throws AppError `transcript_invalid`, with the path of each problem, such as `segments.3.end_ms`
 */
export function parseTranscriptJson(value: unknown): Transcript {
  const result = TranscriptJson.safeParse(Array.isArray(value) ? { segments: value } : value);
  if (!result.success) {
    throw new AppError("transcript_invalid", { problems: toFieldProblems(result.error) });
  }
  const { language_code, segments, words } = result.data;
  const normalized = normalizeSegments(segments.map(withoutNulls));
  if (normalized.length === 0) {
    const problems = [{ path: "segments", message: "no segment has text" }];
    throw new AppError("transcript_invalid", { problems });
  }
  return {
    language: language_code ? canonicalLanguage(language_code) : null,
    segments: normalized,
    ...(words && { words: normalizeWords(words.map(withoutNulls)) }),
  };
}

function withoutNulls<T extends { speaker?: string | null | undefined }>(timed: T) {
  return { ...timed, speaker: timed.speaker ?? undefined };
}

/** A BCP 47 tag as it is usually written: `pt-br` is `pt-BR`. */
export const canonicalLanguage = (tag: string): string => Intl.getCanonicalLocales(tag)[0]!;

export function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
