import { publishAsset, replaceDraftChunks } from "../../db/chunks/draft-chunks";
import type { Sql } from "../../db/client";
import { getLectureDetails } from "../../db/lectures";
import { getTranscript, listPublishedChunks, type TranscriptToPublish } from "../../db/transcripts";
import type { Embedder } from "../../providers/embedder";
import { carryChunks } from "../../text/carry-chunks";
import { chunkTranscript, type TranscriptChunk } from "../../text/chunk-transcript";
import { detectLanguage, textConfigFor } from "../../text/language";
import { toTimeline } from "../../text/timeline";
import { embedChunks } from "../embed";
import { writeExamQuestions } from "../exam-questions";
import { type Attempt, assertStillClaimed, progressRange } from "../step";
import { applyCorrections } from "./correct";

const EMBEDDING = progressRange(85, 99);

/** Slightly more than a minute of speech: one topic, and short enough to link a citation to its moment. */
export const SPEECH_CHUNK_TOKENS = 200;

/**
 * Applies the corrections of a stored transcript, splits it into chunks, embeds those without an embedding of
 * this model, and publishes all of them at once. Search uses the former chunks until then.
 */
export async function embedTranscript(
  lecture_id: string,
  { db, embedder }: { db: Sql; embedder: Embedder },
  attempt: Attempt<"lecture">,
): Promise<void> {
  const transcript = await applyCorrections(lecture_id, { db, embedder }, attempt);
  const { transcript_text, language_code } = transcript;
  const chunks =
    (await correctChunks(lecture_id, { db, embedder }, transcript)) ??
    (await makeChunks(lecture_id, { db, embedder }, transcript));
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
  await writeExamQuestions(db, "lecture", lecture_id);
}

type ChunkDeps = { db: Sql; embedder: Embedder };

async function makeChunks(
  lecture_id: string,
  { db, embedder }: ChunkDeps,
  { segments, words }: TranscriptToPublish,
): Promise<TranscriptChunk[]> {
  const { slide_changes } = await getLectureDetails(db, lecture_id);
  return chunkTranscript(segments, {
    maxTokens: Math.min(SPEECH_CHUNK_TOKENS, embedder.maxTokens),
    countTokens: embedder.countTokens,
    slideChanges: slide_changes.map(({ time_ms }) => time_ms),
    words,
  });
}

/**
 * The published chunks with the corrected text. Their borders stay, so that only chunks with a corrected word
 * need another embedding. Null for a new transcript, and when a corrected chunk is too long for the model.
 */
async function correctChunks(
  lecture_id: string,
  { db, embedder }: ChunkDeps,
  { segments, words, corrects }: TranscriptToPublish,
): Promise<TranscriptChunk[] | null> {
  if (!corrects) return null;
  const published = await listPublishedChunks(db, lecture_id);
  if (published.length === 0) return null;
  const former = await getTranscript(db, lecture_id);
  const chunks = carryChunks(
    published,
    toTimeline(former.segments, former.words),
    toTimeline(segments, words),
  );
  const fits = ({ content }: TranscriptChunk) =>
    embedder.countTokens(content) <= embedder.maxTokens;
  return chunks?.every(fits) ? chunks : null;
}
