import type { Config } from "../../config";
import type { Sql } from "../../db/client";
import type { Forecast } from "../../db/jobs/usage";
import { addUnclaimedAudio } from "../../db/lecture-audio";
import {
  getLecture,
  type Lecture,
  type LectureAccepted,
  retranscribeFrom,
} from "../../db/lectures";
import { AppError } from "../../errors";
import { probeAudio } from "../../media/probe-audio";
import type { Transcriber } from "../../providers/transcriber";
import type { FileStorage } from "../../storage/files";
import type { Forecaster } from "../forecast";
import { removeAudio } from "./remove-audio";

export type RetranscribeDeps = {
  db: Sql;
  transcriber: Transcriber | null;
  captions: Config["CAPTIONS"];
};

/**
 * Queues a new transcription of a lecture's recording. The transcript in use answers questions until the new
 * one is embedded; then one transaction swaps them. If the job fails or is cancelled, it stays.
 *
 * @returns `created` false: a job makes the transcript already
 * @throws AppError `lecture_not_found`, `lecture_busy`, `no_recording`, `sound_gone`, `transcriber_missing`
 */
export async function retranscribeLecture(
  deps: RetranscribeDeps,
  lecture_id: string,
): Promise<LectureAccepted> {
  const lecture = await getLecture(deps.db, lecture_id);
  assertTranscribable(lecture, deps);
  const { outcome, job_id } = await retranscribeFrom(deps.db, lecture.id, null);
  return { lecture_id: lecture.id, job_id, created: outcome === "created" };
}

/**
 * The same from audio that a client uploaded: for lectures whose audio was removed or is not good enough.
 *
 * @param path  the uploaded file, which is moved
 * @throws AppError `lecture_not_found`, `lecture_busy`, `audio_invalid`, `transcriber_missing`
 */
export async function retranscribeUpload(
  { db, transcriber, uploadedAudio }: RetranscribeDeps & { uploadedAudio: FileStorage },
  lecture_id: string,
  path: string,
  signal: AbortSignal,
): Promise<LectureAccepted> {
  const { id } = await getLecture(db, lecture_id);
  if (!transcriber) throw new AppError("transcriber_missing");
  await probeAudio(path, { signal });
  const audio_file_id = crypto.randomUUID();
  await addUnclaimedAudio(db, audio_file_id);
  await uploadedAudio.store(audio_file_id, path, signal);
  try {
    const { job_id } = await retranscribeFrom(db, id, audio_file_id);
    return { lecture_id: id, job_id, created: true };
  } catch (error) {
    // After any other failure the file stays: the statement can have succeeded although its response was lost.
    if (error instanceof AppError) await removeAudio({ db, uploadedAudio }, audio_file_id);
    throw error;
  }
}

/**
 * The expected cost of a new transcription.
 *
 * @param uploaded_ms  length of uploaded audio, in milliseconds; unset: the known length of the recording
 * @throws AppError `lecture_not_found`, `no_recording`, `sound_gone`, `transcriber_missing`
 */
export async function forecastRetranscription(
  { forecaster, ...deps }: RetranscribeDeps & { forecaster: Forecaster },
  lecture_id: string,
  uploaded_ms?: number,
): Promise<Forecast> {
  const lecture = await getLecture(deps.db, lecture_id);
  if (uploaded_ms === undefined) assertTranscribable(lecture, deps);
  const { id, course_id, audio_duration_seconds } = lecture;
  const known_ms = audio_duration_seconds === null ? null : audio_duration_seconds * 1_000;
  return forecaster.lecture(course_id, uploaded_ms ?? known_ms, id);
}

/**
 * Checks that a new transcription has a source and a transcriber, before work is queued or forecast.
 *
 * @throws AppError `no_recording`, `sound_gone`, `transcriber_missing`
 */
function assertTranscribable(
  { source, audio_file_id }: Pick<Lecture, "source" | "audio_file_id">,
  { transcriber, captions }: Pick<RetranscribeDeps, "transcriber" | "captions">,
): void {
  if (source !== "panopto" && !audio_file_id) {
    throw new AppError(source === "upload" ? "sound_gone" : "no_recording");
  }
  // Without a transcriber, Panopto's captions are read again: they can have been corrected there.
  if (!transcriber && (source !== "panopto" || captions === "never")) {
    throw new AppError("transcriber_missing");
  }
}
