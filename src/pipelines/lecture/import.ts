import type { Sql } from "../../db/client";
import { getLecture } from "../../db/lectures";
import { replaceTranscript } from "../../db/transcripts";
import type { Embedder } from "../../providers/embedder";
import type { SoundInbox } from "../../storage/sounds";
import { parseSrt, parseVtt } from "../../text/captions";
import type { Transcript } from "../../text/transcript";
import { canonicalLanguage, parseTranscriptJson } from "../../text/transcript-json";
import { toStored } from "./stored-transcript";

export type TranscriptFormat = "json" | "vtt" | "srt";

/**
 * Takes a transcript that somebody brings as the lecture's own: text, chunks and embeddings of an
 * earlier one go, a job at work stops, and a new one is queued.
 *
 * @param body  text of the file, or in JSON its value
 * @returns the id of the job that embeds it
 * @throws AppError `lecture_not_found`, `transcript_invalid`
 */
export async function importTranscript(
  { db, embedder, sounds }: { db: Sql; embedder: Embedder; sounds: SoundInbox },
  lecture_id: string,
  body: unknown,
  { format, language }: { format: TranscriptFormat; language?: string | undefined },
): Promise<string> {
  const { id } = await getLecture(db, lecture_id);
  const transcript = parse(body, format);
  const named = { ...transcript, ...(language && { language: canonicalLanguage(language) }) };
  const stored = toStored(named, { provider: "import", model: null }, embedder.countTokens);
  const job_id = await replaceTranscript(db, id, stored);
  await sounds.remove(id);
  return job_id;
}

function parse(body: unknown, format: TranscriptFormat): Transcript {
  if (format === "json") return parseTranscriptJson(body);
  const segments = format === "vtt" ? parseVtt(String(body)) : parseSrt(String(body));
  return { language: null, segments };
}
