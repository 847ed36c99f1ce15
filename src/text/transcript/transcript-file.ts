import { AppError } from "../../errors";
import { decodeText, notATranscript } from "../decode-text";
import { JsonScanner } from "../json-scanner";
import { mendHalves } from "../storable-json";
import { plainTimes } from "./caption-cues";
import { parseSrt, parseVtt } from "./captions";
import { readClockLines } from "./clock-lines";
import { readTimedTable } from "./timed-tables";
import { readTimedXml } from "./timed-xml";
import { parseTranscriptJson, readForm } from "./transcript-json";
import type { ParsedTranscript } from "./transcript-warnings";

export const TRANSCRIPT_FORMATS = ["json", "vtt", "srt"] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

/** A received file, with the format that its sender states. */
export type TranscriptFile = {
  bytes: Uint8Array;
  format?: TranscriptFormat | undefined;
  /** With an optional `charset`. */
  contentType?: string | undefined;
  filename?: string | undefined;
};

const FORMAT_OF_TYPE: Record<string, TranscriptFormat> = {
  "application/json": "json",
  "text/json": "json",
  "text/vtt": "vtt",
  "application/x-subrip": "srt",
  "application/srt": "srt",
  "text/srt": "srt",
  "text/x-srt": "srt",
};

/**
 * Reads a transcript file. Its content decides the format; the given format, the content type and the
 * file's extension, in this order, decide only where the content does not.
 *
 * @throws AppError `transcript_invalid`, `body_malformed` for broken JSON, `content_type_invalid` for
 *   other files, `body_too_complex` for JSON with too many values
 */
export function parseTranscriptFile(file: TranscriptFile): ParsedTranscript {
  const { text, warning } = decodeText(file.bytes, charsetOf(file.contentType));
  const parsed = parseText(text.replace(/^\ufeff/, ""), formatOf(file));
  return warning ? { ...parsed, warnings: [{ message: warning }, ...parsed.warnings] } : parsed;
}

function parseText(text: string, hint: TranscriptFormat | undefined): ParsedTranscript {
  if (/^\s*WEBVTT/.test(text)) return parseVtt(plainTimes(text.trimStart()));
  const json = tryJson(text);
  if (json !== undefined) return parseTranscriptJson(json);
  const xml = readTimedXml(text);
  if (xml) return readForm(xml);
  const captions = plainTimes(text);
  const isCaptions = /\d[ \t]*-->(?:[ \t]*-?\d|\s*$)/m.test(captions) && !PRINTED.test(text);
  const format = isCaptions && hint !== "vtt" ? "srt" : hint;
  if (format === "vtt") return parseVtt(captions);
  if (format === "srt") return parseSrt(captions);
  const timed = readTimedTable(text) ?? readClockLines(text);
  if (timed) return readForm(timed);
  if (format === "json") throw new AppError("body_malformed", { expected: "JSON" });
  throw notATranscript();
}

/** Whisper prints `[00:00.000 --> 00:04.000]  text`: these lines are not SRT. */
const PRINTED = /^[ \t]*\[[\d:.]{4,15} *-{1,2}> *[\d:.]{4,15}\]/m;

/** Six hours with word times have 700 000 values in the largest formats. */
const MAX_VALUES = 1_000_000;

/** JSON text sequences have it before each value. */
const RECORD_SEPARATOR = "\u001e";

/**
 * Reads JSON, JSON Lines, and the `NaN` that Python writes.
 *
 * @throws AppError `body_too_complex`
 */
function tryJson(file: string): unknown {
  const text = file.replaceAll(RECORD_SEPARATOR, "");
  if (!/^\s*[[{]/.test(text)) return undefined;
  for (const rewrite of [asIs, withoutNaN, toList]) {
    try {
      const json = rewrite(text);
      new JsonScanner(MAX_VALUES, { uniqueKeys: false }).scan(Buffer.from(json));
      return JSON.parse(mendHalves(json));
    } catch (error) {
      if (error instanceof AppError && error.errorCode === "body_too_complex") throw error;
    }
  }
  return undefined;
}

const asIs = (text: string) => text;
const withoutNaN = (text: string) =>
  text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g, (part) =>
    part.startsWith('"') ? part : "null",
  );
/** JSON Lines as one list. */
const toList = (text: string) =>
  `[${withoutNaN(text.trim()).replace(/\}[ \t]*\r?\n\s*(?=\{)/g, "},\n")}]`;

function formatOf({ format, contentType = "", filename = "" }: TranscriptFile) {
  const type = contentType.split(";")[0]!.trim().toLowerCase();
  const extension = /\.(\w{3,4})$/.exec(filename)?.[1]?.toLowerCase();
  return format ?? FORMAT_OF_TYPE[type] ?? TRANSCRIPT_FORMATS.find((known) => known === extension);
}

const charsetOf = (contentType = "") => /;\s*charset="?([\w-]{1,40})/i.exec(contentType)?.[1];
