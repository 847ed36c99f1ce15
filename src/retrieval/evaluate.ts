import { type EvaluatedDocument, insertEvaluated } from "../db/chunks/evaluation";
import type { Candidate } from "../db/chunks/passages";
import type { Sql } from "../db/client";
import type { Embedder } from "../providers/embedder";
import { chunkSlides } from "../text/chunk-slides";
import { detectLanguage } from "../text/language";
import type { BeirSet } from "./beir";
import { type Mode, rank, VECTOR_WEIGHT } from "./rank";
import {
  bootstrap,
  type Estimate,
  halve,
  MEASURES,
  type Measure,
  mean,
  measureRanking,
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

/** As in ingestion, where a chunk is about a slide. */
const CHUNK_TOKENS = 300;
const BATCH = 32;
const DEPTH = 100;
const WEIGHTS = Array.from({ length: 11 }, (_, i) => i / 10);
const SEED = 1;

/** Makes the documents of a set searchable in a course; answers the set's ids by ours. */
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
  return ids;
}

export type Row = { mode: Mode; weight: number | null; default?: true } & Record<Measure, Estimate>;
export type Report = {
  model: string;
  documents: number;
  questions: number;
  /** The weight with the best nDCG@10 on the tuning half. */
  chosen_weight: number;
  default_weight: number;
  /** Every weight, on the half that chose. */
  tuning: Row[];
  /** Each leg, the chosen and the default weight, on the half that had no say. */
  held_out: Row[];
  /** nDCG@10 of the default mode beyond that of the better leg, question by question, on that half. */
  gain: Estimate;
};

type Asked = {
  judgments: BeirSet["questions"][number]["judgments"];
  found: Record<Mode, Candidate[]>;
};

/**
 * Asks every question in every mode, through the code that answers the endpoint, and judges the
 * weights of the hybrid mode side by side.
 */
export async function evaluate(
  course_id: string,
  set: BeirSet,
  ids: ReadonlyMap<string, string>,
  deps: EvaluationDeps,
): Promise<Report> {
  const asked: Asked[] = [];
  for (const { text, judgments } of set.questions) {
    const ask = async (mode: Mode) => {
      const request = { course_id, query: text, top_k: DEPTH, sources: ["slides" as const], mode };
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
  asked: Asked[],
  ids: ReadonlyMap<string, string>,
  about: { model: string; documents: number },
): Report {
  const random = seeded(SEED);
  const [tuning, heldOut] = halve(asked, random);
  const verdicts = (half: Asked[], mode: Mode, weight: number): RankingMetrics[] =>
    half.map(({ judgments, found }) => {
      const hits = toHits(rank(found[mode], mode, weight), { top_k: DEPTH });
      return measureRanking(
        [...new Set(hits.map(({ best }) => ids.get(best.asset_id)!))],
        judgments,
      );
    });
  const row = (half: Asked[], mode: Mode, weight = VECTOR_WEIGHT): Row => {
    const judged = verdicts(half, mode, weight);
    const measured = MEASURES.map((name) => [
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
      ...(Object.fromEntries(measured) as Record<Measure, Estimate>),
    };
  };
  const ndcgAt = (weight: number) => mean(verdicts(tuning, "hybrid", weight).map((v) => v.ndcg_10));
  const chosen_weight = WEIGHTS.toSorted((a, b) => ndcgAt(b) - ndcgAt(a))[0]!;
  const ndcgOf = (mode: Mode) =>
    verdicts(heldOut, mode, VECTOR_WEIGHT).map((verdict) => verdict.ndcg_10);
  const betterLeg = [ndcgOf("text"), ndcgOf("vector")].sort((a, b) => mean(b) - mean(a))[0]!;
  const gains = ndcgOf("hybrid").map((value, i) => value - betterLeg[i]!);
  const weights = [...new Set([chosen_weight, VECTOR_WEIGHT])];
  const legs = (half: Asked[]) => [row(half, "text"), row(half, "vector")];
  return {
    ...about,
    questions: asked.length,
    chosen_weight,
    default_weight: VECTOR_WEIGHT,
    tuning: [...legs(tuning), ...WEIGHTS.map((weight) => row(tuning, "hybrid", weight))],
    held_out: [...legs(heldOut), ...weights.map((weight) => row(heldOut, "hybrid", weight))],
    gain: bootstrap(gains, random),
  };
}
