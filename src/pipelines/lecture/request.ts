import type { Sql } from "../../db/client";
import { getCourse } from "../../db/courses";
import {
  findLectureOfSession,
  getLecture,
  type Lecture,
  type LectureAccepted,
  requestLecture,
  requestUploadedLecture,
  retryLecture,
  transcribeFromSound,
} from "../../db/lectures";
import { hasTranscript } from "../../db/transcripts";
import { AppError } from "../../errors";
import { probeAudio } from "../../media/probe-audio";
import type { AudioSource, RecordingAddress } from "../../providers/audio-source";
import { toViewerUrl } from "../../providers/panopto/address";
import type { SoundInbox } from "../../storage/sounds";

export type RecordingRequest = {
  course_id: string;
  panopto_url: string;
  title?: string | undefined;
  priority: "normal" | "high";
  transcription: boolean;
};

/**
 * Records a lecture of a Panopto address and queues its ingestion. Every address of one session
 * means the same lecture, and is kept as the address of its viewer, where citations lead.
 *
 * @throws AppError `course_not_found`, `panopto_url_invalid`, `panopto_url_not_a_session`,
 *   `address_blocked`
 */
export async function receiveRecording(
  { db, audioSource }: { db: Sql; audioSource: AudioSource },
  { course_id, panopto_url, title, priority, transcription }: RecordingRequest,
): Promise<LectureAccepted> {
  const address = audioSource.identify(panopto_url);
  return requestLecture(db, {
    ...{ course_id, title: title ?? null, priority, transcription },
    ...placeOf(address),
  });
}

export type SoundRequest = {
  course_id: string;
  panopto_url?: string | undefined;
  title?: string | undefined;
  priority: "normal" | "high";
};

/**
 * Keeps sound that a client brought and queues its ingestion. A lecture of that session which ended
 * without a transcript, such as one behind a login, starts again with the sound.
 *
 * @throws AppError `course_not_found`, `audio_invalid`, and for `panopto_url` as `receiveRecording`
 */
export async function receiveSound(
  tools: { db: Sql; audioSource: AudioSource; sounds: SoundInbox },
  request: SoundRequest,
  file: { path: string; filename: string },
  signal: AbortSignal,
): Promise<LectureAccepted> {
  const { db, audioSource, sounds } = tools;
  const { course_id, panopto_url, priority } = request;
  await getCourse(db, course_id);
  await probeAudio(file.path, { signal });
  const title = request.title ?? nameOf(file.filename);
  const address = panopto_url ? audioSource.identify(panopto_url) : null;
  const known = address && (await findLectureOfSession(db, course_id, address.session_id));
  if (known) return startWithSound(tools, known, { title, priority, path: file.path });

  const id = crypto.randomUUID();
  await sounds.keep(id, file.path);
  const accepted = await requestUploadedLecture(db, {
    ...{ id, course_id, priority, title },
    ...(address ? placeOf(address) : { session_id: null, panopto_url: null }),
  });
  if (!accepted.created) await sounds.remove(id);
  return accepted;
}

type BroughtSound = { path: string; title: string; priority: "normal" | "high" };

async function startWithSound(
  { db, sounds }: { db: Sql; sounds: SoundInbox },
  lecture: Lecture,
  { path, ...wanted }: BroughtSound,
): Promise<LectureAccepted> {
  const { id, last_job_id } = lecture;
  const there = { lecture_id: id, job_id: last_job_id, created: false };
  if (isUnderWay(lecture) || (await hasTranscript(db, id))) return there;
  await sounds.keep(id, path);
  const job_id = await transcribeFromSound(db, { id, ...wanted });
  return job_id ? { lecture_id: id, job_id, created: true } : there;
}

/** Whether a job works on a transcript, or waits to. */
const isUnderWay = ({ status, transcription }: Lecture) =>
  transcription && status !== "completed" && status !== "failed";

/**
 * Starts a failed lecture again, at what is missing.
 *
 * @returns the job's id
 * @throws AppError `lecture_not_found`, `not_retryable`, `sound_gone` when only a new upload helps
 */
export async function restartLecture(
  { db, sounds }: { db: Sql; sounds: SoundInbox },
  lecture_id: string,
): Promise<string> {
  const { source, status } = await getLecture(db, lecture_id);
  if (status === "failed" && source === "upload" && !(await hasTranscript(db, lecture_id))) {
    if (!(await sounds.find(lecture_id))) throw new AppError("sound_gone");
  }
  const job_id = await retryLecture(db, lecture_id);
  if (!job_id) throw new AppError("not_retryable");
  return job_id;
}

const placeOf = (address: RecordingAddress) => ({
  session_id: address.session_id,
  panopto_url: toViewerUrl(address),
});

const nameOf = (filename: string) => filename.replace(/\.\w{1,5}$/, "") || filename;
