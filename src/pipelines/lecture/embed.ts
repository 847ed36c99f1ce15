import { publishAsset, replaceDraftChunks } from "../../db/chunks/draft-chunks";
import type { Sql } from "../../db/client";
import { getLectureDetails } from "../../db/lectures";
import { getNewestTranscript } from "../../db/transcripts";
import type { Embedder } from "../../providers/embedder";
import { chunkTranscript } from "../../text/chunk-transcript";
import { detectLanguage, textConfigFor } from "../../text/language";
import { embedChunks } from "../embed";
import { type Attempt, assertStillClaimed, progressRange } from "../step";

const EMBEDDING = progressRange(85, 99);

/** Slightly more than a minute of speech: one topic, and short enough to link a citation to its moment. */
const CHUNK_TOKENS = 200;

/**
 * Splits a stored transcript into chunks, embeds those without an embedding of this model, and publishes
 * all of them at once. Search uses the former chunks until then.
 */
export async function embedTranscript(
  lecture_id: string,
  { db, embedder }: { db: Sql; embedder: Embedder },
  attempt: Attempt<"lecture">,
): Promise<void> {
  const { transcript_text, segments, words, language_code } = await getNewestTranscript(
    db,
    lecture_id,
  );
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
  const drafts = chunks.map(({ start_ms, end_ms, ...chunk }) => ({
    ...chunk,
    starts: start_ms,
    ends: end_ms,
  }));
  const { fence } = attempt;
  assertStillClaimed(await replaceDraftChunks(db, "lecture", fence, drafts, text_config));
  await embedChunks("lecture", lecture_id, { db, embedder }, attempt, EMBEDDING.at);
  assertStillClaimed(await publishAsset(db, fence));
}
