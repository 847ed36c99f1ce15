import type { ImportedTranscript } from "../../db/transcripts";
import { canonicalLanguage } from "../../text/language-tag";
import { countTokens } from "../../text/tokens";
import { parseTranscriptFile, type TranscriptFile } from "../../text/transcript/transcript-file";
import type { TranscriptWarning } from "../../text/transcript/transcript-warnings";
import { toStoredTranscript } from "./transcribe";

/** A transcript file as its database row, and the defects of the file. */
export type ReadTranscript = { transcript: ImportedTranscript; warnings: TranscriptWarning[] };

/**
 * Reads a transcript file. A file of 16 MB takes seconds.
 *
 * @param language  BCP 47; takes precedence over the language that the file names
 * @throws AppError as `parseTranscriptFile`
 */
export function readTranscript(file: TranscriptFile, language?: string): ReadTranscript {
  const { warnings, ...parsed } = parseTranscriptFile(file);
  const named = { ...parsed, ...(language && { language: canonicalLanguage(language) }) };
  const source = { provider: "import", model: null };
  const { segments, words, model: _, ...stored } = toStoredTranscript(named, source, countTokens);
  return {
    transcript: { ...stored, word_segments: JSON.stringify({ segments, words }) },
    warnings,
  };
}
