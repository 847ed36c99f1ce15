import type { Sql } from "../../db/client";
import type { ProviderCall } from "../../db/provider-calls";
import { listUnembeddedSlideChunks, saveSlideEmbeddings } from "../../db/slides";
import type { Embedder } from "../../providers/embedder";
import { type Attempt, held } from "../step";

/** A batch is what a crash can cost: small enough to lose, large enough to be quick. */
export const EMBED_BATCH = 32;

/** Embeds the chunks that have no vector of this model yet, and keeps each batch as it comes. */
export async function embedSlideChunks(
  document_id: string,
  { db, embedder }: { db: Sql; embedder: Embedder },
  { fence, signal, progress }: Attempt<"document">,
  startPercent: number,
): Promise<void> {
  const missing = await listUnembeddedSlideChunks(db, document_id, embedder.model);
  for (let done = 0; done < missing.length; done += EMBED_BATCH) {
    const batch = missing.slice(done, done + EMBED_BATCH);
    const contents = batch.map(({ content }) => content);
    const { embeddings, usage } = await embedder.embed(contents, { purpose: "document", signal });
    const vectors = batch.map(({ id }, i) => ({ id, embedding: embeddings[i]! }));
    const key = `document:${document_id}:embed:${batch[0]!.id}:${fence.job_id}`;
    const call = toCall(embedder, usage, key);
    held(await saveSlideEmbeddings(db, fence, embedder.model, vectors, call));
    await progress(startPercent + ((100 - startPercent) * (done + batch.length)) / missing.length);
  }
}

/** Null for the local model, which costs nothing. */
function toCall(
  { model }: Embedder,
  usage: { tokens: number },
  call_key: string,
): ProviderCall | null {
  if (usage.tokens === 0) return null;
  const [provider = "", ...modelId] = model.split(":");
  return { call_key, purpose: "embed", provider, model: modelId.join(":"), usage, outcome: "ok" };
}
