import { replaceLectureChunks } from "../../db/chunks/lecture-chunks";
import type { Sql } from "../../db/client";
import { getLectureDetails } from "../../db/lectures";
import { getTranscript } from "../../db/transcripts";
import type { Embedder } from "../../providers/embedder";
import { chunkTranscript } from "../../text/chunk-transcript";
import { detectLanguage, textConfigFor } from "../../text/language";
import { embedChunks } from "../embed";
import { type Attempt, assertStillClaimed, progressRange } from "../step";

const EMBEDDING = progressRange(85, 99);

/** Slightly more than a minute of speech: one topic, and short enough to link a citation to its moment. */
const CHUNK_TOKENS = 200;

/** Splits a stored transcript into chunks and embeds those without an embedding of this model. */
export async function embedTranscript(
  lecture_id: string,
  { db, embedder }: { db: Sql; embedder: Embedder },
  attempt: Attempt<"lecture">,
): Promise<void> {
  const { transcript_text, segments, words, language_code } = await getTranscript(db, lecture_id);
  const { slide_changes } = await getLectureDetails(db, lecture_id);
  const chunks = chunkTranscript(segments, {
    maxTokens: Math.min(CHUNK_TOKENS, embedder.maxTokens),
    countTokens: embedder.countTokens,
    slideChanges: slide_changes.map(({ time_ms }) => time_ms),
    words,
  });
  // The language detected from the words is more reliable than the recording's settings.
  const detected = detectLanguage(transcript_text);
  const text_config = detected.language_code ? detected.text_config : textConfigFor(language_code);
  assertStillClaimed(await replaceLectureChunks(db, attempt.fence, chunks, text_config));

  await embedChunks("lecture", lecture_id, { db, embedder }, attempt, EMBEDDING.at);
}
