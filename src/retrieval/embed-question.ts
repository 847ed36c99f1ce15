import { listCourseModels } from "../db/chunks/passages";
import type { Sql } from "../db/client";
import type { Embedder } from "../providers/embedder";
import type { PaidCalls } from "../providers/paid-calls";
import { keepRecent } from "./keep-recent";
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
  const calls = questionCalls(receipts, "embed_question", onlyCourse(course_ids));
  const begun = new Map<string, Promise<QuestionEmbedding>>();
  const embedBy = (models: readonly string[]) =>
    models.flatMap((model) => {
      const each = embedderForModel(embedder, model);
      if (!each) return [];
      const embedding = begun.get(model) ?? embedWith(each, query, { signal, calls });
      begun.set(model, embedding);
      return embedding;
    });
  const { models: lastModels } = memoryOf(embedder);
  const scope = course_ids?.join() ?? "all courses";
  // The models seldom change, so embedding begins while they are read again.
  for (const embedding of embedBy(lastModels.get(scope) ?? [])) embedding.catch(() => {});
  const models = await listCourseModels(db, course_ids);
  keepRecent(lastModels, scope, models, MAX_CACHED);
  return Promise.all(embedBy(models));
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

type EmbeddedQuestion = {
  vector: Promise<number[]>;
  /** Time of `performance.now()` at which the vector is forgotten; null while the request runs. */
  until: number | null;
  /** Ends the request. */
  signal: AbortSignal;
};
/** The recent questions of an embedder, the least recently used first. */
type EmbedderMemory = {
  questions: Map<string, EmbeddedQuestion>;
  /** The models of courses at the last question about them. */
  models: Map<string, string[]>;
};
const memories = new WeakMap<Embedder, EmbedderMemory>();

function memoryOf(embedder: Embedder): EmbedderMemory {
  const memory = memories.get(embedder) ?? { questions: new Map(), models: new Map() };
  memories.set(embedder, memory);
  return memory;
}

function embedQuestion(
  embedder: Embedder,
  query: string,
  request: QuestionRequest,
): Promise<number[]> {
  const { questions } = memoryOf(embedder);
  const known = questions.get(query);
  if (known && isUsable(known, request.signal)) {
    keepRecent(questions, query, known, MAX_CACHED);
    return known.vector;
  }
  const vector = requestEmbedding(embedder, query, request);
  const question: EmbeddedQuestion = { vector, until: null, signal: request.signal };
  keepRecent(questions, query, question, MAX_CACHED);
  const keep = () => {
    question.until = performance.now() + CACHE_MS;
  };
  const forget = () => {
    if (questions.get(query) === question) questions.delete(query);
  };
  vector.then(keep, forget);
  return vector;
}

/** A request that still runs can be aborted, so only searches with the same signal share it. */
const isUsable = ({ until, signal }: EmbeddedQuestion, ofSearch: AbortSignal): boolean =>
  until === null ? signal === ofSearch : until > performance.now();

type QuestionRequest = { signal: AbortSignal; calls: PaidCalls };

async function requestEmbedding(
  embedder: Embedder,
  query: string,
  request: QuestionRequest,
): Promise<number[]> {
  const { embeddings } = await embedder.embed([query], { purpose: "query", ...request });
  return embeddings[0]!;
}
