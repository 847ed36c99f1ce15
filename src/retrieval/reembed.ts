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

/** What an interruption costs, and about one request. */
const BATCH = 64;

export type Moved = { model: string; switched: number };
type ReembedDeps = {
  db: Sql;
  embedder: Embedder;
  signal: AbortSignal;
  say: (line: string) => void;
};

/**
 * Moves chunks to the model of `embedder`. Its vectors are collected beside those in use, then all
 * put into use in one transaction: until then questions are answered from the old set, and from then
 * on from the new one, each of them complete. Interrupted and run again, it goes on where it was.
 *
 * Chunks that another model embeds meanwhile get their turn in another round.
 *
 * @throws AppError of the embedder; what was collected stays
 */
export async function moveToModel(
  reach: Reach,
  { db, embedder, signal, say }: ReembedDeps,
): Promise<Moved> {
  const { model } = embedder;
  let switched = 0;
  do {
    await collect(reach, { db, embedder, signal, say });
    switched += await switchEmbeddings(db, reach, model);
  } while ((await countWaiting(db, reach, model)) > 0);
  return { model, switched };
}

async function collect(reach: Reach, { db, embedder, signal, say }: ReembedDeps): Promise<void> {
  const total = await countWaiting(db, reach, embedder.model);
  for (let done = 0; ; ) {
    const batch = await listWaiting(db, reach, embedder.model, BATCH);
    if (batch.length === 0) return;
    const contents = batch.map(({ content }) => content);
    const { embeddings } = await embedder.embed(contents, { purpose: "document", signal });
    const embedded = batch.map((chunk, i) => ({ ...chunk, embedding: embeddings[i]! }));
    await saveInactiveEmbeddings(db, embedder.model, embedded);
    done += batch.length;
    say(`${done} of ${Math.max(total, done)} chunks embedded with ${embedder.model}`);
  }
}

/**
 * Takes back the last switch, in one transaction and without embedding anything. Chunks that came
 * after it have only the newer vector and keep it.
 *
 * @throws AppError `nothing_to_roll_back`
 */
export async function rollBack(reach: Reach, { db }: { db: Sql }): Promise<Moved> {
  const model = await findRetiredModel(db, reach);
  if (model === null) throw new AppError("nothing_to_roll_back");
  return { model, switched: await switchEmbeddings(db, reach, model) };
}
