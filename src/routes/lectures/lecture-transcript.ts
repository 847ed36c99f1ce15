import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../../db/client";
import { getLecture } from "../../db/lectures";
import { getTranscript } from "../../db/transcripts";
import { AppError } from "../../errors";
import { importTranscript, type TranscriptFormat } from "../../pipelines/lecture/import";
import type { Embedder } from "../../providers/embedder";
import type { UploadedAudioStore } from "../../storage/uploaded-audio";
import { toPlainText, toSrt, toVtt } from "../../text/captions";
import { isLanguageTag } from "../../text/transcript-json";
import { parseJson, readBytes } from "../http/json-body";
import { ById, Id } from "../http/schemas";
import { LectureAccepted } from "./lecture-intake";

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

const Flag = z.enum(["true", "false"]).default("false");
const TranscriptQuery = z.object({
  segments: Flag,
  words: Flag.describe("Empty where the provider timed no words"),
  format: z.enum(["json", "txt", "vtt", "srt"]).default("json"),
});

const TEXTS = {
  txt: { write: toPlainText, type: "text/plain; charset=utf-8" },
  vtt: { write: toVtt, type: "text/vtt; charset=utf-8" },
  srt: { write: toSrt, type: "application/x-subrip; charset=utf-8" },
};

const ImportQuery = z.object({
  format: z.enum(["json", "vtt", "srt"]).optional().describe("Unset: as the content type says"),
  language: z
    .string()
    .refine(isLanguageTag, "must be a BCP 47 language tag")
    .optional()
    .describe("BCP 47; unset: what the file says, else what its words tell"),
});

const FORMATS: Record<string, TranscriptFormat> = {
  "application/json": "json",
  "text/vtt": "vtt",
  "application/x-subrip": "srt",
  "application/srt": "srt",
  "text/srt": "srt",
  "text/x-srt": "srt",
};

const FILE = { schema: { type: "string" as const } };
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
  },
};

type Needs = { db: Sql; embedder: Embedder; uploadedAudio: UploadedAudioStore };

export const lectureTranscriptRoutes = (needs: Needs) =>
  new Elysia({ prefix: "/api/lectures/:id/transcript", tags: ["Lectures"] })
    .get(
      "",
      async ({ params, query, set }) => {
        const { id } = await getLecture(needs.db, params.id);
        const transcript = await getTranscript(needs.db, id);
        const { language_code, provider, transcript_text, segments, words } = transcript;
        if (query.format !== "json") {
          const { write, type } = TEXTS[query.format];
          set.headers["content-type"] = type;
          return write(segments);
        }
        return {
          lecture_id: id,
          ...{ language_code, provider, transcript_text },
          ...(query.segments === "true" && { segments }),
          ...(query.words === "true" && { words }),
        };
      },
      {
        params: ById,
        query: TranscriptQuery,
        response: Transcript.or(z.string().describe("The file, in other formats")),
        detail: {
          summary: "Get a lecture's transcript as JSON, text, WebVTT or SRT",
          description: "What is got as JSON with its segments, VTT or SRT can be put back.",
        },
      },
    )
    .put(
      "",
      async ({ params, query, request, status }) => {
        const format = query.format ?? formatOf(request);
        const text = decode(await readBytes(request), request.headers.get("content-type") ?? "");
        const body = format === "json" ? parseJson(text) : text;
        const job_id = await importTranscript(needs, params.id, body, { ...query, format });
        return status(202, { lecture_id: params.id, job_id });
      },
      {
        parse: "none",
        params: ById,
        query: ImportQuery,
        response: { 202: LectureAccepted },
        detail: {
          summary: "Bring a transcript as WebVTT, SRT or JSON segments",
          description: "Takes the place of text, chunks and embeddings; a job makes the new ones.",
          requestBody: IMPORT_BODY,
        },
      },
    );

function formatOf(request: Request): TranscriptFormat {
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  const format = FORMATS[type.trim().toLowerCase()];
  if (!format) throw new AppError("content_type_invalid", { expected: Object.keys(FORMATS) });
  return format;
}

/**
 * The text of a file: as its byte order mark says, else its content type, else UTF-8. Reading it as
 * something else would store letters that nobody wrote.
 *
 * @throws AppError `transcript_invalid`
 */
function decode(bytes: Uint8Array, contentType: string): string {
  const named = /;\s*charset="?([\w-]+)/i.exec(contentType)?.[1] ?? "utf-8";
  const charset = MARKS.find(([first, second]) => bytes[0] === first && bytes[1] === second)?.[2];
  try {
    return new TextDecoder(charset ?? named, { fatal: true }).decode(bytes);
  } catch (cause) {
    const problems = [{ line: 1, message: `not ${charset ?? named} text: save the file as UTF-8` }];
    throw new AppError("transcript_invalid", { problems }, { cause });
  }
}

const MARKS = [
  [0xff, 0xfe, "utf-16le"],
  [0xfe, 0xff, "utf-16be"],
] as const;
