import { listTermPages } from "../../db/alignment/term-pages";
import type { Sql } from "../../db/client";
import { listActiveCorrections } from "../../db/corrections";
import { getCourse } from "../../db/courses";
import type { Lecture } from "../../db/lectures";
import { throughOutages } from "../../db/outage";
import { type StoredTranscript, saveTranscript } from "../../db/transcripts";
import type { ExtractedAudio } from "../../media/extract-audio";
import type { Embedder } from "../../providers/embedder";
import type { Transcriber } from "../../providers/transcriber";
import { rankDeckTerms } from "../../text/deck-terms";
import { detectLanguage } from "../../text/language";
import { countTokens } from "../../text/tokens";
import { type Transcript, transcriptText } from "../../text/transcript/transcript";
import { type Attempt, assertStillClaimed, progressRange } from "../step";
import { recordingWarnings } from "./recording-warnings";

const TRANSCRIBING = progressRange(75, 85);

/** A lecture's MP3, where it starts in the recording, and the transcriber for it. */
export type LectureAudio = ExtractedAudio & {
  offset_ms: number;
  /** Length of the recording as its source states it; null for an upload. */
  stated_ms: number | null;
  transcriber: Transcriber;
};

/**
 * Transcribes audio and stores the transcript together with its cost.
 *
 * @returns whether there was speech; without it no transcript is stored
 * @throws AppError of the transcriber
 */
export async function transcribeAudio(
  lecture: Lecture,
  { offset_ms, stated_ms, transcriber, ...mp3 }: LectureAudio,
  { db, embedder, sendsTerms }: { db: Sql; embedder: Embedder; sendsTerms: boolean },
  { fence, signal, progress, calls }: Attempt<"lecture">,
): Promise<"speech" | "silence"> {
  await progress(TRANSCRIBING.at(0));
  const { transcription_terms } = await getCourse(db, lecture.course_id);
  const terms = (transcription_terms ?? sendsTerms) ? await findTerms(db, lecture) : [];
  const receipts = calls.keeping("transcribe", `lecture:${lecture.id}:transcribe`, mp3.sha256);
  const transcription = await transcriber.transcribe({ ...mp3, terms }, signal, receipts);
  if (transcription.segments.length === 0) return "silence";
  const shifted = shiftTranscript(transcription, offset_ms);
  const stored = toStoredTranscript(shifted, transcription, embedder.countTokens);
  const warnings = recordingWarnings(offset_ms + mp3.duration_ms, stated_ms, mp3.missing_end);
  const save = () => saveTranscript(db, fence, stored, warnings);
  assertStillClaimed(await throughOutages(save, signal));
  await receipts.stored();
  await progress(TRANSCRIBING.at(1));
  return "speech";
}

/**
 * What teachers corrected in earlier transcripts, then the terms of the decks that all readers of the
 * transcript see, the rarest first.
 */
async function findTerms(db: Sql, lecture: Lecture): Promise<string[]> {
  const corrections = await listActiveCorrections(db, lecture.id);
  const corrected = corrections.map(({ replacement }) => replacement);
  return [...corrected, ...rankDeckTerms(await listTermPages(db, lecture), countTokens)];
}

/** Moves the times of a part of a recording to the clock of the whole recording. */
function shiftTranscript(transcript: Transcript, offset_ms: number): Transcript {
  if (offset_ms === 0) return transcript;
  const shift = <T extends { start_ms: number; end_ms: number }>(timed: T): T => ({
    ...timed,
    start_ms: timed.start_ms + offset_ms,
    end_ms: timed.end_ms + offset_ms,
  });
  const { language, segments, words } = transcript;
  return { language, segments: segments.map(shift), ...(words && { words: words.map(shift) }) };
}

/** A transcript as its database row, with its plain text, its number of tokens and its language if detected. */
export function toStoredTranscript(
  { language, segments, words = [] }: Transcript,
  { provider, model }: { provider: string; model: string | null },
  countTokens: (text: string) => number,
): StoredTranscript {
  const transcript_text = transcriptText(segments);
  const language_code = language ?? detectLanguage(transcript_text).language_code;
  const token_count = countTokens(transcript_text);
  return { transcript_text, segments, words, language_code, token_count, provider, model };
}
