import { SLIDE_CHUNK_TOKENS } from "../pipelines/document/ingest";
import { SPEECH_CHUNK_TOKENS } from "../pipelines/lecture/embed";
import { LEAST_COVERAGE } from "../retrieval/question-coverage";
import { VECTOR_WEIGHT } from "../retrieval/rank";
import type { ExamDeps } from "./take-exam";

/** What the results of an exam depend on. A run with other settings is out of date. */
export type ExamSettings = {
  embedding_model: string;
  chat_model: string;
  is_reranked: boolean;
  vector_weight: number;
  least_coverage: number;
  slide_chunk_tokens: number;
  speech_chunk_tokens: number;
};

export const toExamSettings = ({
  embedder,
  chatModel,
  reranker,
}: Pick<ExamDeps, "embedder" | "chatModel" | "reranker">): ExamSettings => ({
  embedding_model: embedder.model,
  chat_model: chatModel.name,
  is_reranked: reranker != null,
  vector_weight: VECTOR_WEIGHT,
  least_coverage: LEAST_COVERAGE,
  slide_chunk_tokens: SLIDE_CHUNK_TOKENS,
  speech_chunk_tokens: SPEECH_CHUNK_TOKENS,
});
