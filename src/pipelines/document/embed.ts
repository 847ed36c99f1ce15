import type { Sql } from "../../db/client";
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
    const { embeddings } = await embedder.embed(contents, { purpose: "document", signal });
    const vectors = batch.map(({ id }, i) => ({ id, embedding: embeddings[i]! }));
    held(await saveSlideEmbeddings(db, fence, embedder.model, vectors));
    await progress(startPercent + ((100 - startPercent) * (done + batch.length)) / missing.length);
  }
}
