import { Elysia } from "elysia";
import { z } from "zod";
import { probeAudio } from "../../media/probe-audio";
import type { Forecaster } from "../../pipelines/forecast";
import {
  forecastRetranscription,
  type RetranscribeDeps,
  retranscribeLecture,
  retranscribeUpload,
} from "../../pipelines/lecture/retranscribe";
import type { FileStorage } from "../../storage/files";
import { acceptUpload } from "../http/accept-upload";
import { IdempotencyHeaders, once } from "../http/idempotency";
import { multipartBody } from "../http/multipart-body";
import { receiveUpload } from "../http/multipart-upload";
import { ById } from "../http/schemas";
import { DryRunQuery, ForecastAnswer } from "../http/usage-schema";
import { AUDIO_FILES, LectureAccepted } from "./lecture-schemas";

const NoFields = z.strictObject({});
const { content } = multipartBody(NoFields, AUDIO_FILES);

type RetranscribeRoutesDeps = RetranscribeDeps & {
  uploadedAudio: FileStorage;
  maxUploadBytes: number;
  forecaster: Forecaster;
};

/** The request for a new transcript, from the recording or from audio in the body. */
export const retranscribeRoutes = (deps: RetranscribeRoutesDeps) => {
  const { db, uploadedAudio, maxUploadBytes } = deps;
  const rules = {
    fields: NoFields,
    maxBytes: maxUploadBytes,
    directory: uploadedAudio.stagingDir,
  };
  /** The expected cost, by the audio in the body or the known duration of the recording. */
  const forecast = async (lecture_id: string, request: Request) => {
    if (!hasForm(request)) return forecastRetranscription(deps, lecture_id);
    await using upload = await receiveUpload(request, rules);
    const { duration_ms } = await probeAudio(upload.file.path, { signal: request.signal });
    return forecastRetranscription(deps, lecture_id, duration_ms ?? 0);
  };

  return new Elysia({ prefix: "/api/lectures", tags: ["Lectures"] }).post(
    "/:id/retranscribe",
    async ({ params, query, request, status }) => {
      if (query.dry_run) {
        return status(200, { dry_run: true, forecast: await forecast(params.id, request) });
      }
      const answer = hasForm(request)
        ? await acceptUpload(db, request, rules, (_, file) =>
            retranscribeUpload(deps, params.id, file.path, request.signal),
          )
        : await once(db, request, null, async () => {
            const { created, ...accepted } = await retranscribeLecture(deps, params.id);
            return { status: created ? 202 : 200, body: accepted };
          });
      return status(answer.status as 202, answer.body);
    },
    {
      parse: "none",
      params: ById,
      query: DryRunQuery,
      headers: IdempotencyHeaders,
      response: { 200: z.union([LectureAccepted, ForecastAnswer]), 202: LectureAccepted },
      detail: {
        summary: "Transcribe a lecture again, from its recording or from the audio in the body",
        description:
          "Questions are answered from the former transcript until the new one is complete; then it takes " +
          "over at once. If the job fails, is cancelled or finds no speech, the former one stays. The answer " +
          "is 200 if a job makes the transcript already. Uploaded audio is removed when its lecture is " +
          "complete, so send it again in a form. `dry_run` states the cost.",
        requestBody: { required: false, content },
      },
    },
  );
};

const hasForm = (request: Request): boolean =>
  /^multipart\/form-data\b/i.test(request.headers.get("content-type") ?? "");
