import {
  countWaiting,
  findRetiredModel,
  listWaiting,
  type Reach,
  saveInactiveEmbeddings,
  switchEmbeddings,
} from "../db/chunks/embeddings";
import type { Sql } from "../db/client";
import { AppError } from "../errors";
import type { Embedder } from "../providers/embedder";
import type { PaidCalls } from "../providers/paid-calls";

/** About one request; an interruption loses at most one batch. */
const BATCH = 64;

export type Moved = { model: string; switched: number };
type ReembedDeps = {
  db: Sql;
  embedder: Embedder;
  /** Records each request that costs money. */
  calls: PaidCalls;
  signal: AbortSignal;
  say: (line: string) => void;
};

/**
 * Compares the prepared embeddings with those in use. It throws to keep those in use; the prepared ones are kept too.
 */
export type CheckBeforeSwitch = () => Promise<void>;

/**
 * Moves chunks to the model of `embedder`. The new embeddings are collected as inactive ones and then
 * activated in one transaction, so every search uses one complete set. An interrupted move continues
 * when it is called again.
 *
 * Chunks that are added with another model during the move are moved in a further round.
 *
 * @throws AppError of the embedder, or of `checkBeforeSwitch`; the collected embeddings are kept
 */
export async function moveToModel(
  reach: Reach,
  { db, embedder, calls, signal, say }: ReembedDeps,
  checkBeforeSwitch: CheckBeforeSwitch,
): Promise<Moved> {
  const { model } = embedder;
  let switched = 0;
  await collect(reach, { db, embedder, calls, signal, say });
  await checkBeforeSwitch();
  do {
    await collect(reach, { db, embedder, calls, signal, say });
    switched += await switchEmbeddings(db, reach, model);
  } while ((await countWaiting(db, reach, model)) > 0);
  return { model, switched };
}

async function collect(
  reach: Reach,
  { db, embedder, calls, signal, say }: ReembedDeps,
): Promise<void> {
  const total = await countWaiting(db, reach, embedder.model);
  for (let done = 0; ; ) {
    const batch = await listWaiting(db, reach, embedder.model, BATCH);
    if (batch.length === 0) return;
    const contents = batch.map(({ content }) => content);
    const { embeddings } = await embedder.embed(contents, { purpose: "document", signal, calls });
    const embedded = batch.map((chunk, i) => ({ ...chunk, embedding: embeddings[i]! }));
    await saveInactiveEmbeddings(db, embedder.model, embedded);
    done += batch.length;
    say(`${done} of ${Math.max(total, done)} chunks embedded with ${embedder.model}`);
  }
}

/**
 * Reverts the last move, in one transaction and without new embeddings. Chunks added after the move
 * have only the newer embedding and keep it.
 *
 * @throws AppError `nothing_to_roll_back`
 */
export async function rollBack(reach: Reach, { db }: { db: Sql }): Promise<Moved> {
  const model = await findRetiredModel(db, reach);
  if (model === null) throw new AppError("nothing_to_roll_back");
  return { model, switched: await switchEmbeddings(db, reach, model) };
}
