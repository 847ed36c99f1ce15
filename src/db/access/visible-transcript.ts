import type { Viewer } from "../../principal";
import { type Segment, transcriptText, type Word } from "../../text/transcript/transcript";
import type { Sql } from "../client";
import { listHiddenSpeech } from "./visibility";

type Spoken = { transcript_text: string; segments: Segment[]; words: Word[] };

/** A transcript of a lecture without the speech over pages that the viewer does not see. */
export async function withoutHiddenSpeech<T extends Spoken>(
  sql: Sql,
  lecture_id: string,
  viewer: Viewer,
  transcript: T,
): Promise<T> {
  const hidden = await listHiddenSpeech(sql, lecture_id, viewer);
  if (hidden.length === 0) return transcript;
  const isVisible = (part: Segment) =>
    !hidden.some(({ start_ms, end_ms }) => start_ms < part.end_ms && end_ms > part.start_ms);
  const segments = transcript.segments.filter(isVisible);
  const words = transcript.words.filter(isVisible);
  return { ...transcript, segments, words, transcript_text: transcriptText(segments) };
}
