import type { Sql } from "../../db/client";
import { getLecture } from "../../db/lectures";
import { replaceTranscript } from "../../db/transcripts";
import type { Embedder } from "../../providers/embedder";
import type { UploadedAudioStore } from "../../storage/uploaded-audio";
import { parseSrt, parseVtt } from "../../text/captions";
import type { Transcript } from "../../text/transcript";
import { canonicalLanguage, parseTranscriptJson } from "../../text/transcript-json";
import { toStoredTranscript } from "./transcribe";

export type TranscriptFormat = "json" | "vtt" | "srt";

/**
 * Imports a transcript. It replaces an earlier one with its chunks and embeddings, cancels a running
 * job, and queues a new one.
 *
 * @param body  the text of the file, or the parsed value of a JSON file
 * @returns the id of the job that embeds the transcript
 * @throws AppError `lecture_not_found`, `transcript_invalid`
 */
export async function importTranscript(
  {
    db,
    embedder,
    uploadedAudio,
  }: { db: Sql; embedder: Embedder; uploadedAudio: UploadedAudioStore },
  lecture_id: string,
  body: unknown,
  { format, language }: { format: TranscriptFormat; language?: string | undefined },
): Promise<string> {
  const { id } = await getLecture(db, lecture_id);
  const transcript = parse(body, format);
  const named = { ...transcript, ...(language && { language: canonicalLanguage(language) }) };
  const stored = toStoredTranscript(
    named,
    { provider: "import", model: null },
    embedder.countTokens,
  );
  const job_id = await replaceTranscript(db, id, stored);
  await uploadedAudio.remove(id);
  return job_id;
}

function parse(body: unknown, format: TranscriptFormat): Transcript {
  if (format === "json") return parseTranscriptJson(body);
  const segments = format === "vtt" ? parseVtt(String(body)) : parseSrt(String(body));
  return { language: null, segments };
}
