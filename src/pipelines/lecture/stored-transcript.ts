import type { StoredTranscript } from "../../db/transcripts";
import { detectLanguage } from "../../text/language";
import { type Transcript, transcriptText } from "../../text/transcript";

/** Places what was heard in a part of a recording on the recording's own clock. */
export function shiftTranscript(transcript: Transcript, offset_ms: number): Transcript {
  const shift = <T extends { start_ms: number; end_ms: number }>(timed: T): T => ({
    ...timed,
    start_ms: timed.start_ms + offset_ms,
    end_ms: timed.end_ms + offset_ms,
  });
  const { language, segments, words } = transcript;
  return { language, segments: segments.map(shift), ...(words && { words: words.map(shift) }) };
}

/** A transcript as its row: the text alone, its tokens counted, its language known where possible. */
export function toStored(
  { language, segments, words = [] }: Transcript,
  { provider, model }: { provider: string; model: string | null },
  countTokens: (text: string) => number,
): StoredTranscript {
  const transcript_text = transcriptText(segments);
  const language_code = language ?? detectLanguage(transcript_text).language_code;
  const token_count = countTokens(transcript_text);
  return { transcript_text, segments, words, language_code, token_count, provider, model };
}
