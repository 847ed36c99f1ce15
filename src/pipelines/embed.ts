import { listUnembeddedChunks, saveEmbeddings } from "../db/chunks/chunk-embeddings";
import type { Sql } from "../db/client";
import type { JobKind } from "../db/jobs/jobs";
import { toModelName } from "../db/jobs/provider-calls";
import type { Embedder } from "../providers/embedder";
import { type Attempt, held } from "./step";

/** A batch is what a crash can cost: small enough to lose, large enough to be quick. */
const BATCH = 32;

/**
 * Embeds the chunks that have no vector of this model yet, and keeps each batch as it comes.
 *
 * @param percentAt where a fraction (0 to 1) of this work lies, in percent of the whole job
 */
export async function embedChunks<K extends JobKind>(
  kind: K,
  asset_id: string,
  { db, embedder }: { db: Sql; embedder: Embedder },
  { fence, signal, progress }: Attempt<K>,
  percentAt: (fraction: number) => number,
): Promise<void> {
  const { model } = embedder;
  const missing = await listUnembeddedChunks(db, kind, asset_id, model);
  for (let done = 0; done < missing.length; done += BATCH) {
    const batch = missing.slice(done, done + BATCH);
    const contents = batch.map(({ content }) => content);
    const { embeddings, usage } = await embedder.embed(contents, { purpose: "document", signal });
    const vectors = batch.map(({ id }, i) => ({ id, embedding: embeddings[i]! }));
    const call_key = `${kind}:${asset_id}:embed:${batch[0]!.id}:${fence.job_id}`;
    const bought = {
      call_key,
      purpose: "embed",
      ...toModelName(model),
      usage,
      outcome: "ok",
    } as const;
    const call = usage.tokens > 0 ? bought : null; // the local model costs nothing
    held(await saveEmbeddings(db, kind, fence, { model, vectors }, call));
    await progress(percentAt((done + batch.length) / missing.length));
  }
}
