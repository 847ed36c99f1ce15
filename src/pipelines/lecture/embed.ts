import { replaceLectureChunks } from "../../db/chunks/lecture-chunks";
import type { Sql } from "../../db/client";
import { getLectureDetails } from "../../db/lectures";
import { getTranscript } from "../../db/transcripts";
import type { Embedder } from "../../providers/embedder";
import { chunkTranscript } from "../../text/chunk-transcript";
import { detectLanguage, textConfigFor } from "../../text/language";
import { embedChunks } from "../embed";
import { type Attempt, held } from "../step";
import { EMBEDDING_PERCENT } from "./percent";

/** A little more than a minute of speech: a thought, and near enough to the moment that a citation opens. */
const CHUNK_TOKENS = 200;

/** Cuts a stored transcript into chunks and embeds those that have no vector of this model yet. */
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
  // What the words say of their language is worth more than what a recording's settings say.
  const detected = detectLanguage(transcript_text);
  const text_config = detected.language_code ? detected.text_config : textConfigFor(language_code);
  held(await replaceLectureChunks(db, attempt.fence, chunks, text_config));

  await embedChunks("lecture", lecture_id, { db, embedder }, attempt, EMBEDDING_PERCENT.at);
}
