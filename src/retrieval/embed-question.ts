import { listCourseModels } from "../db/chunks/passages";
import type { Sql } from "../db/client";
import type { Embedder } from "../providers/embedder";

export type QuestionEmbedding = { model: string; vector: number[] };

/** People rephrase within minutes, and an agent asks lectures and slides the same thing. */
const REMEMBER_MS = 5 * 60_000;
const MOST_REMEMBERED = 256;

/**
 * A question by each model that the course is stored with, so that a course which has not moved to a
 * newly configured model is searched all the same. Models that the settings do not offer are left
 * out: their chunks are found by words.
 *
 * @throws AppError of the embedder
 */
export async function embedForCourse(
  { db, embedder }: { db: Sql; embedder: Embedder },
  course_id: string,
  query: string,
  signal: AbortSignal,
): Promise<QuestionEmbedding[]> {
  const models = await listCourseModels(db, course_id);
  const embedders = models.flatMap((model) => embedderOf(embedder, model) ?? []);
  return Promise.all(
    embedders.map(async (each) => ({
      model: each.model,
      vector: await embedQuestion(each, query, signal),
    })),
  );
}

const siblings = new WeakMap<Embedder, Map<string, Embedder | undefined>>();

/** The embedder of a model, opened once. */
function embedderOf(configured: Embedder, model: string): Embedder | undefined {
  if (model === configured.model) return configured;
  const opened = siblings.get(configured) ?? new Map<string, Embedder | undefined>();
  siblings.set(configured, opened);
  if (!opened.has(model)) opened.set(model, configured.withModel?.(model));
  return opened.get(model);
}

type Remembered = { vector: number[]; until: number };
/** Ends with the embedder; a map keeps the order of insertion, so its first entry is the oldest use. */
const remembered = new WeakMap<Embedder, Map<string, Remembered>>();

async function embedQuestion(
  embedder: Embedder,
  query: string,
  signal: AbortSignal,
): Promise<number[]> {
  const memory = remembered.get(embedder) ?? new Map<string, Remembered>();
  remembered.set(embedder, memory);

  const known = memory.get(query);
  memory.delete(query);
  const fresh = known && known.until > performance.now();
  const entry = fresh ? known : await embedAnew(embedder, query, signal);
  memory.set(query, entry);
  if (memory.size > MOST_REMEMBERED) memory.delete(memory.keys().next().value!);
  return entry.vector;
}

async function embedAnew(embedder: Embedder, query: string, signal: AbortSignal) {
  const { embeddings } = await embedder.embed([query], { purpose: "query", signal });
  return { vector: embeddings[0]!, until: performance.now() + REMEMBER_MS };
}
