import { AppError, type ErrorCode } from "../../errors";
import type { TranscriptFile } from "../../text/transcript/transcript-file";
import { type ReadTranscript, readTranscript } from "./read-transcript";

/** A thread that reads one large transcript file, so that the process can answer requests at the same time. */
export type TranscriptTask = { file: TranscriptFile; language: string | undefined };

export type TranscriptReport =
  | { read: ReadTranscript }
  | { refused: { code: ErrorCode; details: AppError["details"] } }
  | { failed: string };

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<TranscriptTask>) => self.postMessage(report(data));

function report({ file, language }: TranscriptTask): TranscriptReport {
  try {
    return { read: readTranscript(file, language) };
  } catch (error) {
    if (!(error instanceof AppError)) return { failed: String(error) };
    return { refused: { code: error.errorCode, details: error.details } };
  }
}
