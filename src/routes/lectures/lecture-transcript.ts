import { Elysia } from "elysia";
import { z } from "zod";
import { withoutHiddenSpeech } from "../../db/access/visible-transcript";
import type { Sql } from "../../db/client";
import { getLecture } from "../../db/lectures";
import { getTranscript } from "../../db/transcripts";
import { importTranscript } from "../../pipelines/lecture/import";
import { asStorageFailure } from "../../storage/failure";
import type { FileStorage } from "../../storage/files";
import type { TranscriptFile } from "../../text/transcript/transcript-file";
import { TRANSCRIPT_KINDS } from "../../text/transcript/transcript-kinds";
import { toPlainText, toSrt, toVtt } from "../../text/transcript/write-captions";
import { requestEnd, viewerOf } from "../http/auth";
import { LARGE_BODY, readBytes } from "../http/json-body";
import { multipartBody } from "../http/multipart-body";
import { receiveUpload } from "../http/multipart-upload";
import { ById, Flag, Id } from "../http/schemas";
import {
  MAX_TRANSCRIPT_BYTES,
  TranscriptAccepted,
  TranscriptFileFields,
  withWarnings,
} from "./lecture-schemas";
import { transcriptView } from "./transcript-view";

const Segment = z.object({
  start_ms: z.int(),
  end_ms: z.int(),
  text: z.string(),
  speaker: z.string().optional(),
});
const Word = Segment.extend({ kind: z.enum(["word", "audio_event"]).optional() });

const Transcript = z
  .object({
    lecture_id: Id,
    language_code: z.string().nullable(),
    provider: z.string(),
    transcript_text: z.string(),
    segments: z.array(Segment).optional(),
    words: z.array(Word).optional(),
  })
  .meta({ id: "Transcript" });

const TranscriptQuery = z.object({
  segments: Flag,
  words: Flag.describe("Empty where the provider gave no times of words"),
  format: z.enum(["json", "txt", "vtt", "srt"]).default("json"),
});

const ViewQuery = z.object({
  t: z.coerce.number().int().min(0).max(2_000_000).optional().describe("Second to highlight"),
});

const TEXTS = {
  txt: { write: toPlainText, type: "text/plain; charset=utf-8" },
  vtt: { write: toVtt, type: "text/vtt; charset=utf-8" },
  srt: { write: toSrt, type: "application/x-subrip; charset=utf-8" },
};

const FILE = { schema: { type: "string" as const } };
/** Not in `response`, because the generator documents each schema there as JSON. */
const TRANSCRIPT_RESPONSES = {
  200: {
    description: "The transcript in the requested format",
    content: {
      "application/json": { schema: z.toJSONSchema(Transcript) as object },
      "text/plain": FILE,
      "text/vtt": FILE,
      "application/x-subrip": FILE,
    },
  },
};
const IMPORT_BODY = {
  required: true,
  content: {
    "application/json": {
      schema: {
        type: "object" as const,
        required: ["segments"] as string[],
        properties: {
          language_code: { type: "string" as const },
          segments: { type: "array" as const, items: { type: "object" as const } },
          words: { type: "array" as const, items: { type: "object" as const } },
        },
      },
    },
    "text/vtt": FILE,
    "application/x-subrip": FILE,
    ...multipartBody(TranscriptFileFields, TRANSCRIPT_KINDS).content,
  },
};

export type LectureTranscriptDeps = { db: Sql; uploadedAudio: FileStorage };

export const lectureTranscriptRoutes = (deps: LectureTranscriptDeps) =>
  new Elysia({ prefix: "/api/lectures/:id/transcript", tags: ["Lectures"] })
    .get(
      "",
      async ({ params, query, set, request }) => {
        const { id } = await getLecture(deps.db, params.id);
        const stored = await getTranscript(deps.db, id);
        const transcript = await withoutHiddenSpeech(deps.db, id, viewerOf(request), stored);
        const { language_code, provider, transcript_text, segments, words } = transcript;
        if (query.format !== "json") {
          const { write, type } = TEXTS[query.format];
          set.headers["content-type"] = type;
          return write(segments);
        }
        const answer: z.input<typeof Transcript> = {
          lecture_id: id,
          language_code,
          provider,
          transcript_text,
          ...(query.segments && { segments }),
          ...(query.words && { words }),
        };
        return answer;
      },
      {
        params: ById,
        query: TranscriptQuery,
        detail: {
          responses: TRANSCRIPT_RESPONSES,
          summary: "Get a lecture's transcript as JSON, text, WebVTT or SRT",
          description:
            "JSON with its segments, VTT and SRT can be imported again with PUT. A new transcript is shown when " +
            "questions are answered from it; until then readers get the former one.",
        },
      },
    )
    .get(
      "/view",
      async ({ params, query, request }) => {
        const lecture = await getLecture(deps.db, params.id);
        const stored = await getTranscript(deps.db, lecture.id);
        const viewer = viewerOf(request);
        const transcript = await withoutHiddenSpeech(deps.db, lecture.id, viewer, stored);
        return transcriptView(lecture, transcript, query.t);
      },
      {
        params: ById,
        query: ViewQuery,
        detail: {
          summary: "Read a lecture's transcript as a page",
          description:
            "`?t=75#t=75` opens it at second 75. Citations of lectures without a recording link here.",
          responses: { 200: { description: "The page", content: { "text/html": {} } } },
        },
      },
    )
    .put(
      "",
      async ({ params, query, request, status }) => {
        const file = await readTranscriptFile(request, query, deps);
        const ended = requestEnd(request);
        const { job_id, warnings } = await importTranscript(deps.db, params.id, file, ended);
        return status(202, { lecture_id: params.id, job_id, ...withWarnings(warnings) });
      },
      {
        parse: "none",
        params: ById,
        query: TranscriptFileFields,
        response: { 202: TranscriptAccepted },
        detail: {
          summary: "Import a transcript: WebVTT, SRT, or JSON of a transcription tool",
          description:
            "The body is the file itself or a form with it. A job makes chunks and embeddings of it. " +
            "Questions are answered from the former transcript until the job is complete. " +
            "`warnings` lists the defects of the file.",
          requestBody: IMPORT_BODY,
        },
      },
    );

/** The file of a raw body or of a form, and the language that the request names. */
async function readTranscriptFile(
  request: Request,
  query: z.output<typeof TranscriptFileFields>,
  { uploadedAudio }: LectureTranscriptDeps,
): Promise<TranscriptFile & { language?: string | undefined }> {
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    return { ...query, bytes: await readBytes(request, LARGE_BODY), contentType };
  }
  const directory = uploadedAudio.stagingDir;
  const rules = {
    fields: TranscriptFileFields.strict(),
    maxBytes: MAX_TRANSCRIPT_BYTES,
    directory,
  };
  await using upload = await receiveUpload(request, rules);
  const bytes = await asStorageFailure(Bun.file(upload.file.path).bytes());
  return { ...query, ...upload.fields, bytes, filename: upload.file.filename };
}
