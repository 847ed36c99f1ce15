import { z } from "zod";
import { isLanguageTag } from "../../text/language-tag";
import { TRANSCRIPT_FORMATS } from "../../text/transcript/transcript-file";
import type { TranscriptWarning } from "../../text/transcript/transcript-warnings";
import { Id } from "../http/schemas";

export const LectureAccepted = z
  .object({ lecture_id: Id, job_id: Id })
  .meta({ id: "LectureAccepted" });

export const TranscriptAccepted = LectureAccepted.extend({
  warnings: z
    .array(
      z.object({
        line: z.int().optional().describe("Of a WebVTT or SRT file, from 1"),
        path: z.string().optional().describe("Of a JSON file, such as `segments.3`"),
        message: z.string(),
      }),
    )
    .optional()
    .describe("Defects of the file; the rest of it was read"),
}).meta({ id: "TranscriptAccepted" });

/** Files without defects have no list of them. */
export const withWarnings = (warnings: TranscriptWarning[]): { warnings?: TranscriptWarning[] } =>
  warnings.length > 0 ? { warnings } : {};

/** How a client describes the transcript file that it sends. */
export const TranscriptFileFields = z.object({
  format: z
    .enum(TRANSCRIPT_FORMATS)
    .optional()
    .describe("Unset: the content decides, then the content type and the file's extension"),
  language: z
    .string()
    .refine(isLanguageTag, "must be a BCP 47 language tag")
    .optional()
    .describe("BCP 47; unset: the file's own language, else detected from its words"),
});

export const MAX_TRANSCRIPT_BYTES = 16 * 1024 * 1024;
export const AUDIO_FILES =
  "mp3, m4a, aac, wav, flac, ogg, opus, webm, aiff, wma, caf, amr, or mp4 without a picture";
