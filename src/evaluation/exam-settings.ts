import type { ExamKind } from "../db/exam-runs";
import { SLIDE_CHUNK_TOKENS } from "../pipelines/document/ingest";
import { SPEECH_CHUNK_TOKENS } from "../pipelines/lecture/embed";
import { LEAST_COVERAGE } from "../retrieval/question-coverage";
import { VECTOR_WEIGHT } from "../retrieval/rank";
import type { ExamDeps } from "./take-exam";

/** The settings that the results of a search depend on, without a reranker. */
export type SearchSettings = {
  embedding_model: string;
  vector_weight: number;
  slide_chunk_tokens: number;
  speech_chunk_tokens: number;
};

/** The settings that the results of a whole exam depend on. */
export type ExamSettings = SearchSettings & {
  chat_model: string;
  is_reranked: boolean;
  /** The model of the reranker, and RERANK_MIN_SCORE if it is set. */
  rerank_model?: string;
  rerank_min_score?: number;
  least_coverage: number;
};

export const toSearchSettings = ({ embedder }: Pick<ExamDeps, "embedder">): SearchSettings => ({
  embedding_model: embedder.model,
  vector_weight: VECTOR_WEIGHT,
  slide_chunk_tokens: SLIDE_CHUNK_TOKENS,
  speech_chunk_tokens: SPEECH_CHUNK_TOKENS,
});

export const toExamSettings = (
  deps: Pick<ExamDeps, "embedder" | "chatModel" | "reranker">,
): ExamSettings => ({
  ...toSearchSettings(deps),
  chat_model: deps.chatModel.name,
  is_reranked: deps.reranker != null,
  ...(deps.reranker && { rerank_model: deps.reranker.model }),
  ...(deps.reranker?.minScore !== undefined && { rerank_min_score: deps.reranker.minScore }),
  least_coverage: LEAST_COVERAGE,
});

/** A run with other settings is out of date. */
export const settingsOf = (
  kind: ExamKind,
  deps: Pick<ExamDeps, "embedder" | "chatModel" | "reranker">,
): SearchSettings | ExamSettings =>
  kind === "full" ? toExamSettings(deps) : toSearchSettings(deps);
