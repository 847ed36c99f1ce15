import { listUnembeddedChunks, saveEmbeddings } from "../db/chunks/chunk-embeddings";
import type { Sql } from "../db/client";
import type { JobKind } from "../db/jobs/jobs";
import { toModelName } from "../db/jobs/provider-calls";
import { throughOutages } from "../db/outage";
import type { Embedder } from "../providers/embedder";
import { type Attempt, assertStillClaimed } from "./step";

/** A crash loses at most one batch: small enough to repeat, large enough to be fast. */
const BATCH = 32;

/**
 * Embeds the chunks without an embedding of this model, and stores each batch when it is ready.
 *
 * @param percentAt  converts a fraction of this work (0 to 1) to percent of the whole job
 */
export async function embedChunks<K extends JobKind>(
  kind: K,
  asset_id: string,
  { db, embedder }: { db: Sql; embedder: Embedder },
  { fence, signal, progress, calls }: Attempt<K>,
  percentAt: (fraction: number) => number,
): Promise<void> {
  const { model } = embedder;
  const isLocal = toModelName(model).provider === "local";
  const missing = await listUnembeddedChunks(db, kind, asset_id, model);
  for (let done = 0; done < missing.length; done += BATCH) {
    const batch = missing.slice(done, done + BATCH);
    const contents = batch.map(({ content }) => content);
    const key = `${kind}:${asset_id}:embed:${batch[0]!.id}`;
    const { embeddings } = await embedder.embed(contents, {
      purpose: "document",
      signal,
      calls: isLocal ? calls.local("embed") : calls.for("embed", key),
    });
    const vectors = batch.map(({ id }, i) => ({ id, embedding: embeddings[i]! }));
    const save = () => saveEmbeddings(db, kind, fence, { model, vectors });
    assertStillClaimed(await throughOutages(save, signal));
    await progress(percentAt((done + batch.length) / missing.length));
  }
}
