import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../../db/client";
import { probeAudio } from "../../media/probe-audio";
import type { Forecaster } from "../../pipelines/forecast";
import { receiveTranscript } from "../../pipelines/lecture/import";
import { receiveAudio, receiveRecording } from "../../pipelines/lecture/request";
import type { AudioSource } from "../../providers/audio-source";
import { asStorageFailure } from "../../storage/failure";
import type { FileStorage } from "../../storage/files";
import { TRANSCRIPT_KINDS } from "../../text/transcript/transcript-kinds";
import { acceptUpload, forecastUpload } from "../http/accept-upload";
import { requestEnd, requireCourse } from "../http/auth";
import { IdempotencyHeaders, once } from "../http/idempotency";
import { jsonBody } from "../http/json-body";
import { multipartBody } from "../http/multipart-body";
import { OwnerId, toOwnerId, VisibleFrom } from "../http/release-schema";
import { Id, Priority, Title } from "../http/schemas";
import { DryRunQuery, ForecastAnswer } from "../http/usage-schema";
import {
  AUDIO_FILES,
  LectureAccepted,
  MAX_TRANSCRIPT_BYTES,
  TranscriptAccepted,
  TranscriptFileFields,
  withWarnings,
} from "./lecture-schemas";

const PanoptoUrl = z
  .string()
  .trim()
  .min(1)
  .max(8_000)
  .describe(
    "Any address of one recording as users have it: viewer, embed code, podcast, login or mail link",
  );

const DownloadRequest = z
  .strictObject({
    course_id: Id,
    panopto_url: PanoptoUrl,
    title: Title.optional(),
    priority: Priority,
    owner_id: OwnerId.optional(),
    visible_from: VisibleFrom,
    transcription: z
      .boolean()
      .default(true)
      .describe("false stores title, duration and slide changes only"),
  })
  .meta({ id: "LectureDownload" });

const AudioFields = z.strictObject({
  course_id: Id,
  title: Title.optional(),
  panopto_url: PanoptoUrl.optional().describe("Citations open this recording in its viewer"),
  priority: Priority,
  owner_id: OwnerId.optional(),
  visible_from: VisibleFrom,
});

const AUDIO_BODY = multipartBody(AudioFields, AUDIO_FILES);

const MediaUrl = z
  .string()
  .trim()
  .max(2_000)
  .refine(isWebAddress, "must be an address that begins with http:// or https://")
  .describe("Address of the recording; citations open it at the right second");

const TranscriptFields = z.strictObject({
  course_id: Id,
  title: Title.optional().describe("Default: the file's name"),
  media_url: MediaUrl.optional(),
  owner_id: OwnerId.optional(),
  visible_from: VisibleFrom,
  ...TranscriptFileFields.shape,
});

/** A link for students: only pages of the web, and no password in it. */
function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password;
}

export type LectureIntakeDeps = {
  db: Sql;
  audioSource: AudioSource;
  uploadedAudio: FileStorage;
  maxUploadBytes: number;
  forecaster: Forecaster;
};

/** The ways to add a lecture: a Panopto address, its audio, or a transcript alone. */
export const lectureIntakeRoutes = ({
  db,
  audioSource,
  uploadedAudio,
  maxUploadBytes,
  forecaster,
}: LectureIntakeDeps) =>
  new Elysia({ prefix: "/api/lectures", tags: ["Lectures"] })
    .post(
      "/download",
      async ({ query, body, request, status }) => {
        requireCourse(request, body.course_id);
        if (query.dry_run) {
          const recording = await audioSource.describe(
            audioSource.identify(body.panopto_url),
            requestEnd(request),
          );
          const forecast = await forecaster.lecture(body.course_id, recording.duration_ms);
          return status(200, { dry_run: true, forecast });
        }
        const owner_id = toOwnerId(request, body.owner_id);
        const answer = await once(db, request, body, async () => {
          const { created, ...accepted } = await receiveRecording(
            { db, audioSource },
            { ...body, owner_id },
          );
          return { status: created ? 202 : 200, body: accepted };
        });
        return status(answer.status as 202, answer.body);
      },
      {
        parse: jsonBody,
        body: DownloadRequest,
        query: DryRunQuery,
        headers: IdempotencyHeaders,
        response: { 200: z.union([LectureAccepted, ForecastAnswer]), 202: LectureAccepted },
        detail: {
          summary: "Queue a Panopto recording for ingestion",
          description:
            "If the course, or with `owner_id` its owner, already has a lecture of this session, the answer is 200 with that lecture. If it was " +
            "requested without transcription before, it is transcribed now, and the answer is 202.",
        },
      },
    )
    .post(
      "/audio",
      async ({ query, request, status }) => {
        const rules = {
          fields: AudioFields,
          maxBytes: maxUploadBytes,
          directory: uploadedAudio.stagingDir,
        };
        if (query.dry_run) {
          const expected = await forecastUpload(request, rules, async (course_id, path, signal) => {
            const { duration_ms } = await probeAudio(path, { signal });
            return forecaster.lecture(course_id, duration_ms);
          });
          return status(200, expected);
        }
        const answer = await acceptUpload(db, request, rules, (fields, file) => {
          requireCourse(request, fields.course_id);
          const owner_id = toOwnerId(request, fields.owner_id);
          const named = { ...fields, owner_id };
          return receiveAudio({ db, audioSource, uploadedAudio }, named, file, requestEnd(request));
        });
        return status(answer.status as 202, answer.body);
      },
      {
        parse: "none",
        query: DryRunQuery,
        headers: IdempotencyHeaders,
        response: { 200: z.union([LectureAccepted, ForecastAnswer]), 202: LectureAccepted },
        detail: {
          summary: "Upload the audio of a lecture",
          description:
            "For recordings to which the server has no access. The audio is kept until the lecture is " +
            "complete, and for some days after a failure or a cancel (`audio_kept_until`), so that retry " +
            "can use it. With `panopto_url`, citations open the viewer; if the lecture of that session " +
            "ended without a transcript, it starts again with this audio.",
          requestBody: AUDIO_BODY,
        },
      },
    )
    .post(
      "/transcript",
      async ({ request, status }) => {
        const rules = {
          fields: TranscriptFields,
          maxBytes: MAX_TRANSCRIPT_BYTES,
          directory: uploadedAudio.stagingDir,
        };
        const answer = await acceptUpload(db, request, rules, async (fields, file) => {
          requireCourse(request, fields.course_id);
          const bytes = await asStorageFailure(Bun.file(file.path).bytes());
          const { format } = fields;
          const { filename } = file;
          const read = { bytes, format, filename };
          const named = { ...fields, owner_id: toOwnerId(request, fields.owner_id) };
          const { warnings, ...accepted } = await receiveTranscript(
            db,
            named,
            read,
            requestEnd(request),
          );
          return { ...accepted, ...withWarnings(warnings), created: true };
        });
        return status(answer.status as 202, answer.body);
      },
      {
        parse: "none",
        headers: IdempotencyHeaders,
        response: { 202: TranscriptAccepted },
        detail: {
          summary: "Create a lecture from a transcript alone",
          description:
            "Citations open `media_url` at the second, or else our view of the transcript. YouTube, " +
            "Vimeo and media files are opened in their own way. `warnings` lists the file's defects.",
          requestBody: multipartBody(TranscriptFields, TRANSCRIPT_KINDS),
        },
      },
    );
