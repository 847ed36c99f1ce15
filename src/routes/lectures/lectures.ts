import { Elysia } from "elysia";
import { z } from "zod";
import type { AuditWriter } from "../../db/access/audit-writer";
import { updateAsset } from "../../db/access/releases";
import { listHiddenSpeech } from "../../db/access/visibility";
import { withoutHiddenSpeech } from "../../db/access/visible-transcript";
import { deleteAsset } from "../../db/assets";
import type { Sql } from "../../db/client";
import {
  getLecture,
  getLectureDetails,
  getLectureStatus,
  LECTURE_STATUSES,
  type Lecture,
  type LectureJob,
  listLectures,
  PART_STATUSES,
  purgeLecture,
  type LectureDetails as StoredLectureDetails,
} from "../../db/lectures";
import { getTranscript } from "../../db/transcripts";
import { AppError } from "../../errors";
import { restartLecture } from "../../pipelines/lecture/request";
import type { Viewer } from "../../principal";
import { assetJobRoutes } from "../asset-jobs";
import { auditSender } from "../http/audit";
import { principalOf, viewerOf } from "../http/auth";
import { jsonBody } from "../http/json-body";
import { LectureChange, Moment, toOwnerId } from "../http/release-schema";
import { ById, Id, JobStatus, Json, PageQuery, pageOf, Time } from "../http/schemas";
import { LectureAccepted } from "./lecture-schemas";

export const Status = z.enum(LECTURE_STATUSES);
const PartStatus = z.enum(PART_STATUSES);

const LectureFields = z.object({
  id: Id,
  asset_type: z.literal("audio"),
  course_id: Id,
  source: z.enum(["panopto", "upload", "transcript"]),
  panopto_session_id: z.string().nullable(),
  panopto_url: z.string().nullable(),
  media_url: z.string().nullable().describe("Address of a recording outside Panopto"),
  title: z.string().nullable(),
  transcription: z.boolean(),
  status: Status,
  status_reason: z.string().nullable(),
  audio_duration_seconds: z.int().nullable(),
  language_code: z.string().nullable(),
  transcript_status: PartStatus,
  embed_status: PartStatus,
  last_job_id: Id,
  retranscribing: z
    .boolean()
    .describe("The last job makes a transcript that replaces the one in use"),
  metadata: Json,
  owner_id: Id.nullable().describe("Personal material: only this user and admins see it"),
  visible_from: Time.nullable().describe("Students see it from then on; null: at once"),
  links: z.object({
    self: z.string(),
    status: z.string(),
    transcript: z.string(),
    events: z.string(),
    viewer: z.string().nullable(),
  }),
  created_at: Time,
  updated_at: Time,
});
const LectureItem = LectureFields.meta({ id: "Lecture" });

const SlideChange = z.object({
  time_ms: z.int(),
  caption: z.string().optional(),
  sequence: z.int().optional(),
});

const AudioKeptUntil = Time.nullable().describe(
  "When the uploaded audio of a failed or cancelled lecture is removed; until then retry can use it. " +
    "Null while a job needs it, and without uploaded audio",
);

const LectureDetails = LectureFields.extend({
  job: JobStatus,
  flags: z.object({ has_transcript: z.boolean(), is_embedded: z.boolean() }),
  audio_sha256: z
    .string()
    .nullable()
    .describe("SHA-256 of the audio that was transcribed, an MP3; null without audio"),
  audio_kept_until: AudioKeptUntil,
  slide_changes: z.array(SlideChange),
  chunk_count: z.int(),
  excerpt: z.string().nullable().describe("The first characters of the transcript"),
}).meta({ id: "LectureDetails" });

const LectureStatus = JobStatus.omit({ error_code: true })
  .extend({ lecture_id: Id, status: Status, audio_kept_until: AudioKeptUntil })
  .meta({ id: "LectureStatus" });

const LectureQuery = PageQuery.extend({
  course_id: Id.optional(),
  status: Status.optional(),
  updated_before: Moment.optional(),
  updated_after: Moment.optional(),
});

const DAY_MS = 24 * 3_600_000;

/** The time (ISO 8601) at which maintenance removes a lecture's audio; null while it is needed, and without audio. */
function audioKeptUntil(
  { status, audio_file_id, job }: Pick<Lecture, "status" | "audio_file_id"> & { job: LectureJob },
  retentionDays: number,
): string | null {
  if (audio_file_id === null || status !== "failed" || job.finished_at === null) return null;
  return new Date(Date.parse(job.finished_at) + retentionDays * DAY_MS).toISOString();
}

const withLinks = <L extends Lecture>({ audio_file_id: _, ...lecture }: L) => {
  const self = `/api/lectures/${lecture.id}`;
  return {
    ...lecture,
    asset_type: "audio" as const,
    links: {
      self,
      status: `${self}/status`,
      transcript: `${self}/transcript`,
      events: `${self}/events`,
      viewer: lecture.panopto_url ?? lecture.media_url,
    },
  };
};

/** Without the start of the speech and the slide titles over pages that the viewer does not see. */
async function withoutHiddenPages<
  L extends Pick<StoredLectureDetails, "id" | "excerpt" | "slide_changes">,
>(db: Sql, lecture: L, viewer: Viewer): Promise<L> {
  const hidden = await listHiddenSpeech(db, lecture.id, viewer);
  if (hidden.length === 0) return lecture;
  const { id, excerpt, slide_changes } = lecture;
  const visible =
    excerpt === null
      ? null
      : await withoutHiddenSpeech(db, id, viewer, await getTranscript(db, id));
  return {
    ...lecture,
    excerpt: visible?.transcript_text.slice(0, excerpt?.length) ?? null,
    slide_changes: slide_changes.filter(
      ({ time_ms }) => !hidden.some((span) => span.start_ms <= time_ms && time_ms < span.end_ms),
    ),
  };
}

export type LectureRoutesDeps = {
  db: Sql;
  audit: AuditWriter;
  /** Days between the failure of a lecture and the removal of its uploaded audio. */
  audioRetentionDays: number;
};

export const lectureRoutes = ({ db, audit, audioRetentionDays }: LectureRoutesDeps) =>
  new Elysia({ prefix: "/api/lectures", tags: ["Lectures"] })
    .get(
      "",
      async ({ query, request }) => {
        const { course_ids } = principalOf(request);
        const filter = { ...query, course_ids, viewer: viewerOf(request) };
        const page = await listLectures(db, filter, query);
        return { ...page, items: page.items.map(withLinks) };
      },
      {
        query: LectureQuery,
        response: pageOf(LectureItem),
        detail: { summary: "List lectures, newest first" },
      },
    )
    .get(
      "/:id",
      async ({ params, request }) => {
        const details = await getLectureDetails(db, params.id);
        const lecture = await withoutHiddenPages(db, details, viewerOf(request));
        const { transcript_status, embed_status } = lecture;
        const has_transcript = transcript_status === "completed";
        const is_embedded = embed_status === "completed";
        return {
          ...withLinks(lecture),
          audio_kept_until: audioKeptUntil(lecture, audioRetentionDays),
          flags: { has_transcript, is_embedded },
        };
      },
      {
        params: ById,
        response: LectureDetails,
        detail: {
          summary: "Get a lecture with its job, its flags and the start of its transcript",
        },
      },
    )
    .get(
      "/:id/status",
      async ({ params }) => {
        const lecture = await getLectureStatus(db, params.id);
        const { error_code: _, ...job } = lecture.job;
        const audio_kept_until = audioKeptUntil(lecture, audioRetentionDays);
        return { lecture_id: params.id, status: lecture.status, ...job, audio_kept_until };
      },
      {
        params: ById,
        response: LectureStatus,
        detail: { summary: "Get a lecture's status and the progress of its job" },
      },
    )
    .patch(
      "/:id",
      async ({ params, body, request }) => {
        const owner_id = body.owner_id && toOwnerId(request, body.owner_id);
        await updateAsset(db, "lecture", params.id, { ...body, owner_id });
        return withLinks(await getLecture(db, params.id));
      },
      {
        parse: jsonBody,
        params: ById,
        body: LectureChange,
        response: LectureItem,
        detail: { summary: "Change the title of a lecture, when students see it, and who owns it" },
      },
    )
    .use(
      assetJobRoutes({
        db,
        audit,
        kind: "lecture",
        accepted: LectureAccepted,
        findJob: async (id) => (await getLecture(db, id)).last_job_id,
        restart: (id) => restartLecture(db, id),
      }),
    )
    .delete(
      "/:id",
      async ({ params, request, status }) => {
        if (!(await deleteAsset(db, "lecture", params.id, auditSender(request)))) {
          throw new AppError("lecture_not_found");
        }
        await purgeLecture(db, params.id);
        return status(204, undefined);
      },
      {
        params: ById,
        detail: { summary: "Delete a lecture with its transcript and chunks" },
      },
    );
