import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../../db/client";
import { receiveAudio, receiveRecording } from "../../pipelines/lecture/request";
import type { AudioSource } from "../../providers/audio-source";
import type { UploadedAudioStore } from "../../storage/uploaded-audio";
import { acceptUpload } from "../http/accept-upload";
import { IdempotencyHeaders, once } from "../http/idempotency";
import { jsonBody } from "../http/json-body";
import { multipartBody } from "../http/multipart-body";
import { Id, Priority, Title } from "../http/schemas";

export const LectureAccepted = z
  .object({ lecture_id: Id, job_id: Id })
  .meta({ id: "LectureAccepted" });

const PanoptoUrl = z
  .string()
  .trim()
  .min(1)
  .max(2_000)
  .describe("Any viewer, embed or podcast address of one recording");

const DownloadRequest = z
  .object({
    course_id: Id,
    panopto_url: PanoptoUrl,
    title: Title.optional(),
    priority: Priority,
    transcription: z
      .boolean()
      .default(true)
      .describe("false stores title, duration and slide changes only"),
  })
  .meta({ id: "LectureDownload" });

const AudioFields = z.object({
  course_id: Id,
  title: Title.optional(),
  panopto_url: PanoptoUrl.optional().describe("Citations open this recording in its viewer"),
  priority: Priority,
});

const AUDIO_BODY = multipartBody(
  AudioFields,
  "mp3, m4a, aac, wav, flac, ogg, opus, webm, or mp4 without a picture",
);

type Needs = {
  db: Sql;
  audioSource: AudioSource;
  uploadedAudio: UploadedAudioStore;
  maxUploadBytes: number;
};

/** The two ways in which a lecture comes. */
export const lectureIntakeRoutes = ({ db, audioSource, uploadedAudio, maxUploadBytes }: Needs) =>
  new Elysia({ prefix: "/api/lectures", tags: ["Lectures"] })
    .post(
      "/download",
      async ({ body, request, status }) => {
        const answer = await once(db, request, body, async () => {
          const { created, ...accepted } = await receiveRecording({ db, audioSource }, body);
          return { status: created ? 202 : 200, body: accepted };
        });
        return status(answer.status as 202, answer.body);
      },
      {
        parse: jsonBody,
        body: DownloadRequest,
        headers: IdempotencyHeaders,
        response: { 200: LectureAccepted, 202: LectureAccepted },
        detail: {
          summary: "Queue a Panopto recording for ingestion",
          description:
            "If the course already has a lecture of this session, the answer is 200 with that lecture. If it was " +
            "requested without transcription before, it is transcribed now, and the answer is 202.",
        },
      },
    )
    .post(
      "/audio",
      async ({ request, status }) => {
        const rules = {
          fields: AudioFields,
          maxBytes: maxUploadBytes,
          directory: uploadedAudio.stagingDir,
        };
        const answer = await acceptUpload(db, request, rules, (fields, file) =>
          receiveAudio({ db, audioSource, uploadedAudio }, fields, file, request.signal),
        );
        return status(answer.status as 202, answer.body);
      },
      {
        parse: "none",
        headers: IdempotencyHeaders,
        response: { 200: LectureAccepted, 202: LectureAccepted },
        detail: {
          summary: "Bring the sound of a lecture that the server may not fetch",
          description:
            "The sound is kept until its job ends. With `panopto_url` citations lead to the viewer, " +
            "and a lecture of that session that ended without a transcript starts again with this sound.",
          requestBody: AUDIO_BODY,
        },
      },
    );
