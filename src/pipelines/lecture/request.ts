import type { Sql } from "../../db/client";
import { getCourse } from "../../db/courses";
import { hurryJob } from "../../db/jobs/job-control";
import { addUnclaimedAudio } from "../../db/lecture-audio";
import {
  findLectureOfSession,
  getLecture,
  type Lecture,
  type LectureAccepted,
  requestLecture,
  requestUploadedLecture,
  retryLecture,
  transcribeFromAudio,
} from "../../db/lectures";
import { hasTranscript, needsTranscript } from "../../db/transcripts";
import { AppError } from "../../errors";
import { probeAudio } from "../../media/probe-audio";
import type { AudioSource, RecordingAddress } from "../../providers/audio-source";
import { toViewerUrl } from "../../providers/panopto/address";
import type { FileStorage } from "../../storage/files";
import { removeAudio } from "./remove-audio";

export type RecordingRequest = {
  course_id: string;
  panopto_url: string;
  title?: string | undefined;
  priority: "normal" | "high";
  transcription: boolean;
  /** Of personal material. */
  owner_id?: string | undefined;
  /** Students see it from then on. ISO 8601. */
  visible_from?: string | undefined;
};

/**
 * Inserts the lecture of a Panopto address and queues its ingestion. All addresses of one session
 * name the same lecture of the course, or of one owner; the address of its viewer is stored, because citations link to it.
 *
 * @throws AppError `course_not_found`, `user_not_found`, `panopto_url_invalid`, `panopto_url_not_a_session`,
 *   `address_blocked`
 */
export async function receiveRecording(
  { db, audioSource }: { db: Sql; audioSource: AudioSource },
  request: RecordingRequest,
): Promise<LectureAccepted> {
  const { course_id, panopto_url, title, priority, transcription, owner_id } = request;
  const address = audioSource.identify(panopto_url);
  return requestLecture(db, {
    course_id,
    title: title ?? null,
    priority,
    transcription,
    owner_id: owner_id ?? null,
    visible_from: request.visible_from,
    ...toSessionColumns(address),
  });
}

export type AudioUploadRequest = {
  course_id: string;
  panopto_url?: string | undefined;
  title?: string | undefined;
  priority: "normal" | "high";
  /** Of personal material. */
  owner_id?: string | undefined;
  /** Students see it from then on. ISO 8601. */
  visible_from?: string | undefined;
};

/** The storage of uploaded audio, and the identity of its recording. */
export type AudioUploadDeps = { db: Sql; audioSource: AudioSource; uploadedAudio: FileStorage };

/**
 * Stores audio that a client uploaded and queues its ingestion. If the session's lecture ended without
 * a transcript, such as one behind a login, it starts again with this audio.
 *
 * The file is durable before its row, and the row before the response.
 *
 * @throws AppError `course_not_found`, `user_not_found`, `audio_invalid`, and for `panopto_url` as `receiveRecording`
 */
export async function receiveAudio(
  { db, audioSource, uploadedAudio }: AudioUploadDeps,
  request: AudioUploadRequest,
  file: { path: string; filename: string },
  signal: AbortSignal,
): Promise<LectureAccepted> {
  const { course_id, panopto_url, priority, visible_from } = request;
  const owner_id = request.owner_id ?? null;
  await getCourse(db, course_id);
  await probeAudio(file.path, { signal });
  const title = request.title ?? toTitle(file.filename);
  const address = panopto_url ? audioSource.identify(panopto_url) : null;
  const known = address && (await findLectureOfSession(db, { ...address, course_id, owner_id }));
  if (known && (isUnderWay(known) || (await hasTranscript(db, known.id)))) return existing(known);

  const audio_file_id = crypto.randomUUID();
  await addUnclaimedAudio(db, audio_file_id);
  await uploadedAudio.store(audio_file_id, file.path, signal);
  const wanted = { audio_file_id, title, priority, visible_from };
  const accepted = known
    ? await startWithAudio(db, known, wanted)
    : await requestUploadedLecture(db, {
        ...wanted,
        course_id,
        owner_id,
        ...(address ? toSessionColumns(address) : { session_id: null, panopto_url: null }),
      });
  // After any other failure the file stays: the statement can have succeeded although its response was lost.
  if (!accepted.created) await removeAudio({ db, uploadedAudio }, audio_file_id);
  return accepted;
}

async function startWithAudio(
  db: Sql,
  lecture: Lecture,
  wanted: Omit<Parameters<typeof transcribeFromAudio>[1], "id">,
): Promise<LectureAccepted> {
  const job_id = await transcribeFromAudio(db, { id: lecture.id, ...wanted });
  return job_id ? { lecture_id: lecture.id, job_id, created: true } : existing(lecture);
}

const existing = ({ id, last_job_id }: Lecture): LectureAccepted => ({
  lecture_id: id,
  job_id: last_job_id,
  created: false,
});

/** Whether a job makes the transcript now, or is queued to. */
const isUnderWay = ({ status, transcription }: Lecture) =>
  transcription && status !== "completed" && status !== "failed";

/**
 * Retries a failed lecture; finished steps are not repeated. A lecture that waits is processed next.
 *
 * @returns the job's id
 * @throws AppError `lecture_not_found`, `not_retryable`, `sound_gone` when the audio must be uploaded again
 */
export async function restartLecture(db: Sql, lecture_id: string): Promise<string> {
  const lecture = await getLecture(db, lecture_id);
  const { source, status, audio_file_id } = lecture;
  if (status === "failed" && source === "upload" && !audio_file_id) {
    if (await needsTranscript(db, lecture)) throw new AppError("sound_gone");
  }
  const job_id = (await retryLecture(db, lecture_id)) ?? (await hurryJob(db, lecture_id));
  if (!job_id) throw new AppError("not_retryable");
  return job_id;
}

const toSessionColumns = (address: RecordingAddress) => ({
  session_id: address.session_id,
  panopto_url: toViewerUrl(address),
});

/** The title of a lecture if its upload has none: the file's name without its extension. */
export const toTitle = (filename: string) => filename.replace(/\.\w{1,5}$/, "") || filename;
