import { isRecord, type Json, listOf } from "./json-values";
import type { LooseTranscript } from "./loose-transcript";
import {
  readAws,
  readAzureBatch,
  readAzureFast,
  readDeepgram,
  readGoogle,
  readWords,
} from "./speech-service-json";
import { readTimedLists } from "./timed-lists";
import { readChunks, readSegments, readUtterances, readWhisperCpp } from "./whisper-json";
import { readYouTube } from "./youtube-json";

/**
 * Reads the JSON of transcription tools by its structure, because none of them names its format.
 *
 * @returns null for a document of none of these forms
 */
export function readTranscriptForm(document: unknown): LooseTranscript | null {
  const value = Array.isArray(document) ? fromList(document) : document;
  if (!isRecord(value) || isOwnForm(value)) return null;
  for (const read of FORMS) {
    const found = read(value);
    if (found && hasText(found)) return found;
  }
  return null;
}

const hasText = ({ segments, words }: LooseTranscript) =>
  [...segments, ...words].some(({ text }) => text.trim() !== "");

/** A list of segments; faster-whisper returns it together with an object that has the language. */
function fromList(list: unknown[]): Json {
  const [segments, info] = list;
  return list.length === 2 && Array.isArray(segments) && isRecord(info)
    ? { segments, info }
    : { segments: list };
}

/** `start_ms` and `end_ms` are our own names. */
const isOwnForm = ({ segments }: Json) => listOf(segments).some((one) => "start_ms" in one);

/** The order matters: a form with more structure is tried before a form that it contains. */
const FORMS: readonly ((document: Json) => LooseTranscript | null)[] = [
  readSegments,
  readWhisperCpp,
  readDeepgram,
  readAws,
  readGoogle,
  readAzureBatch,
  readAzureFast,
  readYouTube,
  readChunks,
  readWords,
  readUtterances,
  readTimedLists,
];
