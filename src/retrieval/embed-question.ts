import { listCourseModels } from "../db/chunks/passages";
import type { Sql } from "../db/client";
import type { Embedder } from "../providers/embedder";
import type { PaidCalls } from "../providers/paid-calls";
import { onlyCourse, type QuestionReceipts, questionCalls } from "./question-calls";

export type QuestionEmbedding = { model: string; vector: number[] };

/** Users repeat questions within minutes, and an agent searches lectures and slides with the same one. */
const CACHE_MS = 5 * 60_000;
const MAX_CACHED = 256;

/**
 * Embeds a question with each embedding model of the courses, so that a course that does not use the
 * configured model yet is searched too. Models without settings are skipped; their chunks are found by
 * full text.
 *
 * @throws AppError of the embedder
 */
export async function embedForCourses(
  { db, embedder, receipts }: { db: Sql; embedder: Embedder; receipts?: QuestionReceipts },
  course_ids: readonly string[] | null,
  query: string,
  signal: AbortSignal,
): Promise<QuestionEmbedding[]> {
  const models = await listCourseModels(db, course_ids);
  const calls = questionCalls(receipts, "embed_question", onlyCourse(course_ids));
  const embedders = models.flatMap((model) => embedderForModel(embedder, model) ?? []);
  return Promise.all(embedders.map((each) => embedWith(each, query, { signal, calls })));
}

/** Embeds a question with one model. @throws AppError of the embedder */
export const embedWith = async (
  embedder: Embedder,
  query: string,
  request: QuestionRequest,
): Promise<QuestionEmbedding> => ({
  model: embedder.model,
  vector: await embedQuestion(embedder, query, request),
});

const siblings = new WeakMap<Embedder, Map<string, Embedder | undefined>>();

/** The embedder of a model, opened once; undefined when the settings lack its provider or key. */
export function embedderForModel(configured: Embedder, model: string): Embedder | undefined {
  if (model === configured.model) return configured;
  const opened = siblings.get(configured) ?? new Map<string, Embedder | undefined>();
  siblings.set(configured, opened);
  if (!opened.has(model)) opened.set(model, configured.withModel?.(model));
  return opened.get(model);
}

type CachedQuestion = { vector: number[]; until: number };
/** Cached questions of each embedder. A map keeps the order of insertion, so its first entry was used least recently. */
const caches = new WeakMap<Embedder, Map<string, CachedQuestion>>();

async function embedQuestion(
  embedder: Embedder,
  query: string,
  request: QuestionRequest,
): Promise<number[]> {
  const cache = caches.get(embedder) ?? new Map<string, CachedQuestion>();
  caches.set(embedder, cache);

  const known = cache.get(query);
  cache.delete(query);
  const fresh = known && known.until > performance.now();
  const entry = fresh ? known : await requestEmbedding(embedder, query, request);
  cache.set(query, entry);
  if (cache.size > MAX_CACHED) cache.delete(cache.keys().next().value!);
  return entry.vector;
}

type QuestionRequest = { signal: AbortSignal; calls: PaidCalls };

async function requestEmbedding(embedder: Embedder, query: string, request: QuestionRequest) {
  const { embeddings } = await embedder.embed([query], { purpose: "query", ...request });
  return { vector: embeddings[0]!, until: performance.now() + CACHE_MS };
}
