import type { Sql } from "../../db/client";
import {
  listUnembeddedLectureChunks,
  replaceLectureChunks,
  saveLectureEmbeddings,
} from "../../db/lecture-chunks";
import { getLectureDetails } from "../../db/lectures";
import type { ProviderCall } from "../../db/provider-calls";
import { getTranscript } from "../../db/transcripts";
import type { Embedder } from "../../providers/embedder";
import { chunkTranscript } from "../../text/chunk-transcript";
import { detectLanguage, textConfigFor } from "../../text/language";
import { type Attempt, held } from "../step";
import { EMBEDDING_PERCENT } from "./percent";

/** A little more than a minute of speech: a thought, and near enough to the moment that a citation opens. */
const CHUNK_TOKENS = 200;
/** A batch is what a crash can cost: small enough to lose, large enough to be quick. */
const EMBED_BATCH = 32;

/** Cuts a stored transcript into chunks and embeds those that have no vector of this model yet. */
export async function embedTranscript(
  lecture_id: string,
  { db, embedder }: { db: Sql; embedder: Embedder },
  { fence, signal, progress }: Attempt<"lecture">,
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
  held(await replaceLectureChunks(db, fence, chunks, text_config));

  const missing = await listUnembeddedLectureChunks(db, lecture_id, embedder.model);
  for (let done = 0; done < missing.length; done += EMBED_BATCH) {
    const batch = missing.slice(done, done + EMBED_BATCH);
    const contents = batch.map(({ content }) => content);
    const { embeddings, usage } = await embedder.embed(contents, { purpose: "document", signal });
    const vectors = batch.map(({ id }, i) => ({ id, embedding: embeddings[i]! }));
    const call = usage.tokens > 0 ? toCall(lecture_id, batch[0]!.id, embedder, usage) : null;
    held(await saveLectureEmbeddings(db, fence, { model: embedder.model, vectors }, call));
    await progress(EMBEDDING_PERCENT.at((done + batch.length) / missing.length));
  }
}

function toCall(
  lecture_id: string,
  firstChunk: string,
  embedder: Embedder,
  usage: { tokens: number },
): ProviderCall {
  const [provider = "", ...model] = embedder.model.split(":");
  return {
    call_key: `lecture:${lecture_id}:embed:${firstChunk}:${embedder.model}`,
    purpose: "embed",
    provider,
    model: model.join(":"),
    usage,
    outcome: "ok",
  };
}
