import type { Candidate } from "../db/chunks/candidates";
import { type EvaluatedDocument, insertEvaluated } from "../db/chunks/evaluation";
import { refreshWordCounts } from "../db/chunks/word-counts";
import type { Sql } from "../db/client";
import { SEES_ALL } from "../principal";
import type { Embedder } from "../providers/embedder";
import { chunkSlides } from "../text/chunk-slides";
import { detectLanguage } from "../text/language";
import type { BeirSet } from "./beir";
import { type Mode, rank, VECTOR_WEIGHT } from "./rank";
import {
  bootstrap,
  type Estimate,
  halve,
  mean,
  measureRanking,
  RANKING_MEASURES,
  type RankingMeasure,
  type RankingMetrics,
  seeded,
} from "./ranking-metrics";
import { findForQuestion, toHits } from "./search";

export type EvaluationDeps = {
  db: Sql;
  embedder: Embedder;
  signal: AbortSignal;
  say: (line: string) => void;
};

/** As in the ingestion of documents, where a chunk is about one slide. */
const CHUNK_TOKENS = 300;
const BATCH = 32;
const DEPTH = 100;
const WEIGHTS = Array.from({ length: 11 }, (_, i) => i / 10);
const SEED = 1;

/** Stores the documents of a set in a course; returns the set's ids by our ids. */
export async function ingestSet(
  course_id: string,
  { documents }: BeirSet,
  { db, embedder, signal, say }: EvaluationDeps,
): Promise<Map<string, string>> {
  const maxTokens = Math.min(CHUNK_TOKENS, embedder.maxTokens);
  const ids = new Map<string, string>();
  for (let done = 0; done < documents.length; done += BATCH) {
    const batch = documents.slice(done, done + BATCH).map(({ _id, title, text }) => {
      const id = crypto.randomUUID();
      ids.set(id, _id);
      const page = { page_number: 1, title, section: null, content: text || title };
      const chunks = chunkSlides([page], { maxTokens, countTokens: embedder.countTokens });
      return { id, title, text_config: detectLanguage(`${title}\n${text}`).text_config, chunks };
    });
    const contents = batch.flatMap(({ chunks }) => chunks.map(({ content }) => content));
    const { embeddings } = await embedder.embed(contents, { purpose: "document", signal });
    let next = 0;
    const embedded: EvaluatedDocument[] = batch.map((document) => ({
      ...document,
      chunks: document.chunks.map((chunk) => ({ ...chunk, embedding: embeddings[next++]! })),
    }));
    await insertEvaluated(db, course_id, embedder.model, embedded);
    say(`${Math.min(done + BATCH, documents.length)} of ${documents.length} documents`);
  }
  // As maintenance does it, because a search with these counts ranks other chunks.
  await refreshWordCounts(db);
  return ids;
}

export type Row = { mode: Mode; weight: number | null; default?: true } & Record<
  RankingMeasure,
  Estimate
>;
export type EvaluationReport = {
  model: string;
  documents: number;
  questions: number;
  /** The weight with the best nDCG@10 on the tuning half. */
  chosen_weight: number;
  default_weight: number;
  /** Every weight, measured on the tuning half. */
  tuning: Row[];
  /** Text only, vector only, the chosen and the default weight, measured on the other half. */
  held_out: Row[];
  /** nDCG@10 of the hybrid mode minus that of the better single mode, per question, on the other half. */
  gain: Estimate;
};

type RankedQuestion = {
  judgments: BeirSet["questions"][number]["judgments"];
  found: Record<Mode, Candidate[]>;
};

/**
 * Searches every question in every mode with the code of the endpoint, and measures all weights of the
 * hybrid mode.
 */
export async function evaluate(
  course_id: string,
  set: BeirSet,
  ids: ReadonlyMap<string, string>,
  deps: EvaluationDeps,
): Promise<EvaluationReport> {
  const asked: RankedQuestion[] = [];
  for (const { text, judgments } of set.questions) {
    const ask = async (mode: Mode) => {
      const request = {
        course_ids: [course_id],
        viewer: SEES_ALL,
        query: text,
        top_k: DEPTH,
        sources: ["slides" as const],
        mode,
      };
      return (await findForQuestion(deps, request, deps.signal)).candidates;
    };
    const found = {
      hybrid: await ask("hybrid"),
      vector: await ask("vector"),
      text: await ask("text"),
    };
    asked.push({ judgments, found });
    if (asked.length % 50 === 0) deps.say(`${asked.length} of ${set.questions.length} questions`);
  }
  return report(asked, ids, { model: deps.embedder.model, documents: set.documents.length });
}

function report(
  asked: RankedQuestion[],
  ids: ReadonlyMap<string, string>,
  about: { model: string; documents: number },
): EvaluationReport {
  const random = seeded(SEED);
  const [tuning, heldOut] = halve(asked, random);
  const measurements = (half: RankedQuestion[], mode: Mode, weight: number): RankingMetrics[] =>
    half.map(({ judgments, found }) => {
      const hits = toHits(rank(found[mode], mode, weight), { top_k: DEPTH });
      return measureRanking(
        [...new Set(hits.map(({ best }) => ids.get(best.asset_id)!))],
        judgments,
      );
    });
  const row = (half: RankedQuestion[], mode: Mode, weight = VECTOR_WEIGHT): Row => {
    const judged = measurements(half, mode, weight);
    const measured = RANKING_MEASURES.map((name) => [
      name,
      bootstrap(
        judged.map((v) => v[name]),
        random,
      ),
    ]);
    return {
      mode,
      weight: mode === "hybrid" ? weight : null,
      ...(mode === "hybrid" && weight === VECTOR_WEIGHT && { default: true }),
      ...(Object.fromEntries(measured) as Record<RankingMeasure, Estimate>),
    };
  };
  const ndcgAt = (weight: number) =>
    mean(measurements(tuning, "hybrid", weight).map((v) => v.ndcg_10));
  const chosen_weight = WEIGHTS.toSorted((a, b) => ndcgAt(b) - ndcgAt(a))[0]!;
  const ndcgOf = (mode: Mode) =>
    measurements(heldOut, mode, VECTOR_WEIGHT).map((metrics) => metrics.ndcg_10);
  const betterMode = [ndcgOf("text"), ndcgOf("vector")].sort((a, b) => mean(b) - mean(a))[0]!;
  const gains = ndcgOf("hybrid").map((value, i) => value - betterMode[i]!);
  const weights = [...new Set([chosen_weight, VECTOR_WEIGHT])];
  const singleModes = (half: RankedQuestion[]) => [row(half, "text"), row(half, "vector")];
  return {
    ...about,
    questions: asked.length,
    chosen_weight,
    default_weight: VECTOR_WEIGHT,
    tuning: [...singleModes(tuning), ...WEIGHTS.map((weight) => row(tuning, "hybrid", weight))],
    held_out: [...singleModes(heldOut), ...weights.map((weight) => row(heldOut, "hybrid", weight))],
    gain: bootstrap(gains, random),
  };
}
