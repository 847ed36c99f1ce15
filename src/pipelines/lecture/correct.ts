import type { Sql } from "../../db/client";
import { listActiveCorrections, saveCorrectedDraft } from "../../db/corrections";
import { getTranscriptToPublish, type TranscriptToPublish } from "../../db/transcripts";
import type { Embedder } from "../../providers/embedder";
import { correctTranscript } from "../../text/transcript/correct-transcript";
import { transcriptText } from "../../text/transcript/transcript";
import { type Attempt, assertStillClaimed } from "../step";

/**
 * Applies the current corrections of a lecture to its original transcript, and stores the result as the draft
 * that its job publishes. Without new corrections it stores nothing.
 *
 * @throws AppError `transcript_not_ready`
 */
export async function applyCorrections(
  lecture_id: string,
  { db, embedder }: { db: Sql; embedder: Pick<Embedder, "countTokens"> },
  { fence }: Pick<Attempt<"lecture">, "fence">,
): Promise<TranscriptToPublish> {
  const transcript = await getTranscriptToPublish(db, lecture_id);
  const corrections = await listActiveCorrections(db, lecture_id);
  const { segments, words, changes } = correctTranscript(transcript.original, corrections);
  if (
    Bun.deepEquals(changes, transcript.corrections) &&
    isSameText(transcript, { segments, words })
  )
    return transcript;

  const transcript_text = transcriptText(segments);
  const token_count = embedder.countTokens(transcript_text);
  const corrected = { segments, words, transcript_text, token_count };
  assertStillClaimed(await saveCorrectedDraft(db, fence, { ...corrected, changes }));
  return { ...transcript, ...corrected, corrections: changes };
}

const isSameText = (
  a: Pick<TranscriptToPublish, "segments" | "words">,
  b: Pick<TranscriptToPublish, "segments" | "words">,
) => Bun.deepEquals([a.segments, a.words], [b.segments, b.words]);
