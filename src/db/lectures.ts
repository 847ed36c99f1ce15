import { AppError } from "../errors";
import { type AssetFilter, listedAssets, throwCourseMissing, throwOwnerMissing } from "./assets";
import type { Sql } from "./client";
import {
  type ClaimToken,
  claimedAsset,
  type JobStatus,
  shownState,
  waitColumns,
} from "./jobs/jobs";
import { requestedBy } from "./jobs/requested-by";
import { afterCursor, cursorOf, type Page, type PageRequest, toPage } from "./page";

export const LECTURE_STATUSES = [
  "pending",
  "downloading",
  "transcribing",
  "embedding",
  "completed",
  "failed",
  "paused",
] as const;
export type LectureStatus = (typeof LECTURE_STATUSES)[number];

export const PART_STATUSES = ["pending", "processing", "completed", "failed", "skipped"] as const;
export type PartStatus = (typeof PART_STATUSES)[number];

export type SlideChange = {
  /** Milliseconds from the start of the recording. */
  time_ms: number;
  /** The source's text for the slide, if it has one. */
  caption?: string;
  /** The slide's number in its deck, from 1, if the source numbers them. */
  sequence?: number;
};

export type Lecture = {
  id: string;
  course_id: string;
  source: "panopto" | "upload" | "transcript";
  panopto_session_id: string | null;
  panopto_url: string | null;
  /** The address of a recording outside Panopto. */
  media_url: string | null;
  title: string | null;
  transcription: boolean;
  status: LectureStatus;
  status_reason: string | null;
  audio_duration_seconds: number | null;
  language_code: string | null;
  transcript_status: PartStatus;
  embed_status: PartStatus;
  last_job_id: string;
  /** The last job makes a transcript that replaces the one in use. */
  retranscribing: boolean;
  /** The uploaded audio in the file storage; null without one and when it is not needed any more. */
  audio_file_id: string | null;
  metadata: Record<string, unknown>;
  /** Personal material: only this user and admins see it. */
  owner_id: string | null;
  /** Students see the lecture from then on; null: at once. */
  visible_from: string | null;
  created_at: string;
  updated_at: string;
};

const columns = (sql: Sql) => sql`
  id, course_id, source, panopto_session_id, panopto_url, media_url, title, transcription,
  shown_status(status, last_job_id) as status,
  shown_reason(status_reason, last_job_id) as status_reason, audio_duration_seconds, language_code, transcript_status, embed_status,
  last_job_id, retranscribing, audio_file_id, metadata, owner_id, visible_from, created_at, updated_at`;

export type LectureFilter = AssetFilter & {
  status?: LectureStatus | undefined;
  /** ISO 8601, both exclusive. */
  updated_before?: string | undefined;
  updated_after?: string | undefined;
};

/**
 * Newest first. An omitted filter matches every lecture. Callers see times in whole milliseconds, so
 * "after" starts at the next millisecond: no lecture is listed twice.
 */
export async function listLectures(
  sql: Sql,
  { status, updated_before, updated_after, ...filter }: LectureFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<Lecture>> {
  const list = `lectures ${filter.course_id ?? ""}`;
  const rows = await sql<(Lecture & { cursor: string })[]>`
    select ${columns(sql)}, ${cursorOf(sql)} from lectures
    where ${listedAssets(sql, "lectures", filter)}
      ${status ? sql`and shown_status(status, last_job_id) = ${status}` : sql``}
      ${updated_before ? sql`and updated_at < ${updated_before}::timestamptz` : sql``}
      ${updated_after ? sql`and updated_at >= ${updated_after}::timestamptz + interval '1 millisecond'` : sql``}
      ${afterCursor(sql, list, cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  return toPage(rows, limit, list);
}

/** @throws AppError `lecture_not_found` */
export async function getLecture(sql: Sql, id: string): Promise<Lecture> {
  const [lecture] = await sql<Lecture[]>`
    select ${columns(sql)} from lectures where id = ${id} and deleted_at is null`;
  if (!lecture) throw new AppError("lecture_not_found");
  return lecture;
}

export type LectureJob = JobStatus & { job_state: LectureStatus };

export type LectureDetails = Lecture & {
  /** SHA-256 of the lecture's MP3 in hexadecimal; null while none was made. */
  audio_sha256: string | null;
  slide_changes: SlideChange[];
  chunk_count: number;
  /** The first characters of the transcript; null without one. */
  excerpt: string | null;
  job: LectureJob;
};

/** Length of `excerpt` in characters. */
const EXCERPT_CHARS = 300;

/** @throws AppError `lecture_not_found` */
export async function getLectureDetails(sql: Sql, id: string): Promise<LectureDetails> {
  const lecture = await getLecture(sql, id);
  const [more] = await sql<Omit<LectureDetails, keyof Lecture | "job">[]>`
    select audio_sha256, slide_changes,
      (select count(*)::int from lecture_chunks c where c.lecture_id = l.id) as chunk_count,
      (select left(transcript_text, ${EXCERPT_CHARS}) from lecture_transcripts t
       where t.lecture_id = l.id) as excerpt
    from lectures l where id = ${id}`;
  return { ...lecture, ...more!, job: await getLectureJob(sql, id) };
}

/**
 * The status of a lecture and the progress of its last job.
 *
 * @throws AppError `lecture_not_found`
 */
export async function getLectureStatus(
  sql: Sql,
  id: string,
): Promise<Pick<Lecture, "status" | "audio_file_id"> & { job: LectureJob }> {
  const { status, audio_file_id } = await getLecture(sql, id);
  return { status, audio_file_id, job: await getLectureJob(sql, id) };
}

/** The last job of a lecture. @throws AppError `lecture_not_found` */
async function getLectureJob(sql: Sql, id: string): Promise<LectureJob> {
  const [job] = await sql<LectureJob[]>`
    select j.id as job_id, ${shownState(sql)}, j.progress_percent, j.attempt, j.quarantined,
           ${waitColumns(sql)}, j.error_code,
           j.error_message, j.started_at, j.finished_at, j.updated_at
    from lectures l join jobs j on j.id = l.last_job_id
    where l.id = ${id} and l.deleted_at is null`;
  if (!job) throw new AppError("lecture_not_found");
  return job;
}

export type LectureAccepted = { lecture_id: string; job_id: string; created: boolean };

type LectureRequest = {
  course_id: string;
  title: string | null;
  priority: "normal" | "high";
  /** Of personal material; null: the course's. */
  owner_id: string | null;
  /** Students see it from then on; null: at once. ISO 8601. */
  visible_from?: string | null | undefined;
};

/**
 * Inserts a lecture for a Panopto session and queues its ingestion in one transaction. If the course
 * already has the session, returns that lecture with `created` false, except if this request is the first
 * with transcription. The lectures of each owner are apart.
 *
 * @throws AppError `course_not_found`, `user_not_found`
 */
export async function requestLecture(
  sql: Sql,
  request: LectureRequest & { session_id: string; panopto_url: string; transcription: boolean },
): Promise<LectureAccepted> {
  const { course_id, session_id, panopto_url, title, transcription, priority, owner_id } = request;
  const { visible_from = null } = request;
  const [accepted] = await sql<LectureAccepted[]>`
    select lecture_id, job_id, created from request_lecture(
      ${requestedBy(sql, course_id)}, ${session_id}, ${panopto_url}, ${title}, ${transcription}, ${priority},
      ${owner_id}, ${visible_from}
    )`
    .catch(throwOwnerMissing)
    .catch(throwCourseMissing);
  return accepted!;
}

/** The same for a lecture with uploaded audio, which is already stored. Panopto is optional here. */
export async function requestUploadedLecture(
  sql: Sql,
  request: LectureRequest & {
    audio_file_id: string;
    session_id: string | null;
    panopto_url: string | null;
  },
): Promise<LectureAccepted> {
  const { audio_file_id, course_id, session_id, panopto_url, title, priority, owner_id } = request;
  const { visible_from = null } = request;
  const [accepted] = await sql<LectureAccepted[]>`
    select lecture_id, job_id, created from request_uploaded_lecture(
      ${requestedBy(sql, course_id)}, ${audio_file_id}, ${session_id}, ${panopto_url}, ${title}, ${priority},
      ${owner_id}, ${visible_from}
    )`
    .catch(throwOwnerMissing)
    .catch(throwCourseMissing);
  return accepted!;
}

/** The lecture of a Panopto session in a course, or that of one owner; null without one. */
export async function findLectureOfSession(
  sql: Sql,
  {
    course_id,
    session_id,
    owner_id,
  }: Record<"course_id" | "session_id", string> & Pick<Lecture, "owner_id">,
): Promise<Lecture | null> {
  const [lecture] = await sql<Lecture[]>`
    select ${columns(sql)} from lectures
    where id = find_lecture_of_session(${course_id}, ${session_id}, ${owner_id})`;
  return lecture ?? null;
}

export type LectureFacts = {
  title?: string | undefined;
  duration_ms?: number | null | undefined;
  slide_changes?: SlideChange[] | undefined;
  metadata?: Record<string, unknown> | undefined;
  /** SHA-256 of the MP3, 64 hexadecimal digits. */
  audio_sha256?: string | undefined;
};

/**
 * Stores metadata of the recording. Omitted facts stay unchanged, and so does an existing title. False
 * when the attempt no longer holds the job.
 */
export async function updateLectureFacts(
  sql: Sql,
  token: ClaimToken,
  { title, duration_ms, slide_changes, metadata, audio_sha256 }: LectureFacts,
): Promise<boolean> {
  const seconds = duration_ms == null ? null : Math.round(duration_ms / 1_000);
  const changes = slide_changes ? sql.json(slide_changes) : null;
  const rows = await sql`
    with claimed as (${claimedAsset(sql, "lecture", token)})
    update lectures l set
      title = coalesce(l.title, ${title ?? null}),
      audio_duration_seconds = coalesce(${seconds}::int, l.audio_duration_seconds),
      audio_sha256 = coalesce(${audio_sha256 ?? null}, l.audio_sha256),
      slide_changes = coalesce(${changes}::jsonb, l.slide_changes),
      metadata = l.metadata || ${sql.json((metadata ?? {}) as never)}::jsonb
    from claimed where l.id = claimed.id
    returning l.id`;
  return rows.length > 0;
}

/** Retries a failed lecture and returns its job; null when it did not fail. */
export async function retryLecture(sql: Sql, id: string): Promise<string | null> {
  const [row] = await sql<
    { job_id: string | null }[]
  >`select retry_lecture(${requestedBy(sql, id)}) as job_id`;
  return row!.job_id;
}

type AudioStart = {
  id: string;
  audio_file_id: string;
  title: string | null;
  priority: "normal" | "high";
  /** Omitted: its release stays. ISO 8601. */
  visible_from?: string | undefined;
};

/**
 * Starts a lecture without a transcript again, with audio that a client uploaded and that is stored.
 * An existing title stays; an earlier audio file is given up.
 *
 * @returns the job's id; null when the lecture has a transcript or a job is already making one
 */
export async function transcribeFromAudio(
  sql: Sql,
  { id, audio_file_id, title, priority, visible_from }: AudioStart,
): Promise<string | null> {
  const [row] = await sql<{ job_id: string | null }[]>`
    select transcribe_from_audio(
      ${requestedBy(sql, id)}, ${audio_file_id}, ${title}, ${priority}, ${visible_from ?? null}) as job_id`;
  return row!.job_id;
}

/**
 * Starts a job that makes a new transcript, from the recording or from stored audio.
 *
 * @param audio_file_id  uploaded audio, which replaces the recording; null: the lecture's own source
 * @returns `exists`: a job makes it already
 * @throws AppError `lecture_not_found`, `lecture_busy`
 */
export async function retranscribeFrom(
  sql: Sql,
  id: string,
  audio_file_id: string | null,
): Promise<{ outcome: "created" | "exists"; job_id: string }> {
  const [row] = await sql<{ outcome: "created" | "exists" | "busy" | null; job_id: string }[]>`
    select outcome, job_id from retranscribe_lecture(${requestedBy(sql, id)}, ${audio_file_id})`;
  const { outcome, job_id } = row!;
  if (outcome === null) throw new AppError("lecture_not_found");
  if (outcome === "busy") throw new AppError("lecture_busy");
  return { outcome, job_id };
}

/** Deletes the rows of a deleted lecture. */
export async function purgeLecture(sql: Sql, id: string): Promise<void> {
  await sql`delete from lectures where id = ${id} and deleted_at is not null`;
}

/** Deletes the rows of all lectures that were deleted at least `seconds` ago. */
export async function purgeLectures(sql: Sql, seconds: number): Promise<void> {
  await sql`delete from lectures where deleted_at <= now() - ${seconds} * interval '1 second'`;
}
