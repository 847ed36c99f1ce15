import { z } from "zod";
import { AppError, toFieldProblems } from "../../errors";
import { canonicalLanguage, isLanguageTag, toLanguageTag } from "../language-tag";
import type { LooseSegment, LooseTranscript } from "./loose-transcript";
import { type MaybeTimedWord, placeWords } from "./place-words";
import { withoutNotices, withSpeakers } from "./speaker-prefixes";
import { toSegments } from "./text-cue";
import {
  normalizeSegments,
  normalizeWords,
  type Segment,
  segmentsFromWords,
  type Word,
} from "./transcript";
import { readTranscriptForm } from "./transcript-forms";
import { type ParsedTranscript, TranscriptWarnings } from "./transcript-warnings";

const MAX_SEGMENTS = 100_000;
const MAX_WORDS = 1_000_000;

const TimedText = z
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
const TimedWord = TimedText.and(z.object({ kind: z.enum(["word", "audio_event"]).optional() }));

const TranscriptJson = z.object({
  language_code: z.string().refine(isLanguageTag, "must be a BCP 47 language tag").nullish(),
  segments: z.array(TimedText).min(1).max(MAX_SEGMENTS),
  words: z.array(TimedWord).max(MAX_WORDS).nullish(),
});

/**
 * Reads a transcript as JSON: the response of `GET …/transcript?segments=true`, a bare list of its
 * segments, or the output of a transcription tool (see `readTranscriptForm`). Our own form is checked
 * strictly, because a program writes it for us. In other forms a defect costs one segment at most.
 *
 * @throws AppError `transcript_invalid`, with the path of each problem, such as `segments.3.end_ms`
 */
export function parseTranscriptJson(value: unknown): ParsedTranscript {
  const form = readTranscriptForm(value);
  return form ? readForm(form) : readOwnForm(value);
}

function readOwnForm(value: unknown): ParsedTranscript {
  const result = TranscriptJson.safeParse(Array.isArray(value) ? { segments: value } : value);
  if (!result.success) {
    throw new AppError("transcript_invalid", { problems: toFieldProblems(result.error) });
  }
  const { language_code, segments, words } = result.data;
  const warnings = new TranscriptWarnings();
  const normalized = normalizeSegments(segments.map(withoutNulls));
  if (normalized.length === 0) warnings.refuse("segments", "no segment has text");
  return {
    language: language_code ? canonicalLanguage(language_code) : null,
    segments: normalized,
    ...(words && { words: normalizeWords(words.map(withoutNulls)) }),
    warnings: [],
  };
}

function withoutNulls<T extends { speaker?: string | null | undefined }>(timed: T) {
  return { ...timed, speaker: timed.speaker ?? undefined };
}

/**
 * Gives the transcript of another tool the form that we store.
 *
 * @throws AppError `transcript_invalid` when no segment has text
 */
export function readForm({
  language,
  segments: loose,
  words: apart,
}: LooseTranscript): ParsedTranscript {
  const warnings = new TranscriptWarnings();
  if (loose.length > MAX_SEGMENTS) {
    warnings.refuse("segments", `more than ${MAX_SEGMENTS} segments: split the file`);
  }
  const timed = timeSegments(loose, warnings);
  const latest = [...timed, ...apart].reduce((end, one) => Math.max(end, one.end_ms ?? 0), 0);
  const bounds = { start_ms: timed[0]?.start_ms ?? 0, end_ms: latest };
  const words = normalizeWords([
    ...timed.flatMap((segment) => placeWords(withTimesInOrder(segment.words), segment)),
    ...placeWords(withTimesInOrder(apart), bounds),
  ]);
  if (words.length > MAX_WORDS) warnings.refuse("words", `more than ${MAX_WORDS} words`);

  const segments = normalizeSegments(
    timed.length > 0 ? withoutPrefixes(timed) : segmentsFromWords(words),
  );
  if (segments.length === 0) warnings.refuse("segments", "no segment has text");
  return {
    language: toLanguageTag(typeof language === "string" ? language : null),
    segments,
    ...(words.length > 0 && { words }),
    warnings: warnings.list(),
  };
}

type TimedSegment = LooseSegment & { start_ms: number; end_ms: number };

/** Gives every segment its times; a segment without a usable one lies between its neighbours. */
function timeSegments(
  loose: readonly LooseSegment[],
  warnings: TranscriptWarnings,
): TimedSegment[] {
  let previousEnd = 0;
  return loose.flatMap((segment, i) => {
    const { path, text } = segment;
    if (text.trim() === "") {
      if (segment.start_ms === null) warnings.add(path, "has no text: it is left out");
      return [];
    }
    const firstWord = segment.words.find((word) => word.start_ms !== null)?.start_ms;
    const lastWord = segment.words.findLast((word) => word.end_ms !== null)?.end_ms;
    const start = segment.start_ms ?? firstWord ?? null;
    if (start === null) warnings.add(path, "has no start: it is placed after the one before");
    if (start !== null && start < 0) warnings.add(path, "starts before 0: 0 is used");
    const start_ms = Math.max(0, start ?? previousEnd);

    const end = segment.end_ms ?? lastWord ?? loose[i + 1]?.start_ms ?? null;
    if (end === null && i < loose.length - 1) warnings.add(path, "has no end");
    if (end !== null && end < start_ms) {
      warnings.add(path, "ends before it starts: its start is used");
    }
    const end_ms = Math.max(start_ms, end ?? start_ms);
    previousEnd = end_ms;
    return [{ ...segment, start_ms, end_ms }];
  });
}

/** Negative times are 0; an end before its start is as good as missing. */
function withTimesInOrder(words: readonly MaybeTimedWord[]): MaybeTimedWord[] {
  return words.map((word) => {
    const start_ms = word.start_ms === null ? null : Math.max(0, word.start_ms);
    const isUsable = word.end_ms !== null && word.end_ms >= (start_ms ?? 0);
    return { ...word, start_ms, end_ms: isUsable ? word.end_ms : null };
  });
}

/** Some tools write speakers into the text, as captions do. */
function withoutPrefixes(segments: readonly TimedSegment[]): Segment[] {
  const cues = segments.map(({ start_ms, end_ms, text, speaker }) => ({
    start_ms,
    end_ms,
    lines: text.split("\n").map((line) => ({
      text: line.trim(),
      ...(speaker !== undefined && { speaker }),
      words: [] as Word[],
    })),
  }));
  return withSpeakers(withoutNotices(cues)).flatMap(toSegments);
}
