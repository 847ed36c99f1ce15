import type { Sql } from "../../db/client";
import { getLecture } from "../../db/lectures";
import { replaceTranscript, requestTranscriptLecture } from "../../db/transcripts";
import type { TranscriptFile } from "../../text/transcript/transcript-file";
import type { TranscriptWarning } from "../../text/transcript/transcript-warnings";
import { toTitle } from "./request";
import { openTranscript } from "./transcript-reader";

/**
 * Imports a transcript. It replaces an earlier one with its chunks and embeddings, cancels a running
 * job, and queues a new one.
 *
 * @param file  its `language`, BCP 47, takes precedence over the language that the file names
 * @returns the job that embeds the transcript, and the defects of the file
 * @throws AppError `lecture_not_found`, and for the file as `openTranscript`
 */
export async function importTranscript(
  db: Sql,
  lecture_id: string,
  file: TranscriptFile & { language?: string | undefined },
  signal: AbortSignal,
): Promise<{ job_id: string; warnings: TranscriptWarning[] }> {
  const { id } = await getLecture(db, lecture_id);
  const { transcript, warnings } = await openTranscript(file, file.language, signal);
  const job_id = await replaceTranscript(db, id, transcript, warnings);
  return { job_id, warnings };
}

export type TranscriptUpload = {
  course_id: string;
  /** Default: the file's name. */
  title?: string | undefined;
  /** The address of the recording; citations open it at the second. */
  media_url?: string | undefined;
  language?: string | undefined;
  /** Of personal material. */
  owner_id?: string | undefined;
  /** Students see it from then on. ISO 8601. */
  visible_from?: string | undefined;
};

/**
 * Makes a lecture of a transcript alone and queues the job that embeds it.
 *
 * @throws AppError `course_not_found`, `user_not_found`, and for the file as `openTranscript`
 */
export async function receiveTranscript(
  db: Sql,
  { course_id, title, media_url, language, owner_id, visible_from }: TranscriptUpload,
  file: TranscriptFile & { filename: string },
  signal: AbortSignal,
): Promise<{ lecture_id: string; job_id: string; warnings: TranscriptWarning[] }> {
  const { transcript, warnings } = await openTranscript(file, language, signal);
  const lecture = {
    course_id,
    title: title ?? toTitle(file.filename),
    media_url: media_url ?? null,
    owner_id: owner_id ?? null,
    visible_from,
  };
  const accepted = await requestTranscriptLecture(db, lecture, transcript, warnings);
  return { ...accepted, warnings };
}
