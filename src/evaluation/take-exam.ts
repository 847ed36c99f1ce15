import { NO_CAPABILITIES } from "../chat/request";
import { type AnswerDeps, answerTurn } from "../chat/run/answer-turn";
import { isUnanswered } from "../chat/run/unanswered";
import type { ChatMessage, NewAnswer } from "../db/chat/chat";
import { AppError, type ErrorCode } from "../errors";
import { SEES_ALL } from "../principal";
import type { Reranker } from "../providers/reranker";
import type { Mode } from "../retrieval/rank";
import { PATIENCE_MS } from "../retrieval/rerank";
import { type Citation, type CourseSearchRequest, searchCourse } from "../retrieval/search";
import {
  type AskedQuestion,
  type ExamAnswer,
  type ExamQuestion,
  type SearchedQuestion,
  type SearchLegs,
  toLegs,
  toMeasures,
  toModeMeasures,
  toSearchMeasures,
} from "./exam-measures";
import { reciprocalRank, reciprocalRankOfKind } from "./gold-places";
import type { Measure } from "./measures";

export type ExamDeps = Omit<AnswerDeps, "onEnd"> & {
  signal: AbortSignal;
  /** Receives progress. */
  say: (line: string) => void;
};

export type ExamResult = { measures: Measure[]; legs: SearchLegs | null };

/** Keeps the answers of an exam, because a later attempt would pay for them again. */
export type ExamAnswers = {
  find(question: ExamQuestion): ExamAnswer | undefined;
  keep(question: ExamQuestion, answer: ExamAnswer): Promise<void>;
};

/** As many as an answer gets. */
const PASSAGES = 8;
/** Failures that the content of one question can cause. Others, such as outages, would affect all questions. */
const CONTENT_FAILURES: readonly ErrorCode[] = [
  "answer_withheld",
  "chat_failed",
  "provider_answer_invalid",
  "provider_answer_unusable",
  "provider_request_refused",
];
/** So many failed answers in a row have another cause than the content of a question. */
const FAILED_IN_A_ROW = 3;

/**
 * Measures retrieval only: it calls no chat model and no reranker.
 *
 * @param usesPrepared  compares the vectors that are prepared for the model of the embedder
 * @throws AppError of the embedder; the signal's reason
 */
export async function takeSearchExam(
  course_id: string,
  questions: readonly ExamQuestion[],
  { db, embedder, receipts, signal }: Pick<ExamDeps, "db" | "embedder" | "receipts" | "signal">,
  { usesPrepared }: { usesPrepared: boolean },
): Promise<Measure[]> {
  const found: SearchedQuestion[] = [];
  for (const question of questions.filter(({ covered }) => covered)) {
    signal.throwIfAborted();
    const request = { ...requestOf(course_id, question), uses_prepared: usesPrepared };
    found.push({
      question,
      passages: await searchCourse({ db, embedder, receipts }, request, signal),
    });
  }
  return toSearchMeasures(found);
}

/**
 * Asks the course each question as a chat does, and compares passages and answers with the right places.
 *
 * @param comparesModes  also searches by text only and by vectors only
 * @param beforeEach  called before each question; it throws to stop the exam
 * @param answers  of an earlier attempt, which are not asked for again
 * @throws AppError of a provider that does not answer, and after three failures in a row of the chat model or the
 *   reranker, because a report about them would be wrong; the signal's reason
 */
export async function takeExam(
  course_id: string,
  questions: readonly ExamQuestion[],
  deps: ExamDeps,
  {
    comparesModes,
    beforeEach,
    answers,
  }: {
    comparesModes: boolean;
    beforeEach?: (() => Promise<void>) | undefined;
    answers?: ExamAnswers | undefined;
  },
): Promise<ExamResult> {
  const asked: AskedQuestion[] = [];
  const reranker = deps.reranker ? retryingReranker(deps.reranker, deps.signal) : null;
  const examDeps = { ...deps, reranker };
  let failedInARow = 0;
  for (const question of questions) {
    deps.signal.throwIfAborted();
    await beforeEach?.();
    const kept = answers?.find(question);
    const one = await ask(course_id, question, examDeps, { comparesModes, kept });
    reranker?.throwIfDown();
    const { failure } = one.answer;
    failedInARow = failure ? failedInARow + 1 : 0;
    if (failure && failedInARow === FAILED_IN_A_ROW) throw failure;
    if (!kept && !failure) await answers?.keep(question, one.answer);
    if (failure) deps.say(`question ${question.id} counts as wrong: ${failure.message}`);
    asked.push(one);
    if (asked.length % 25 === 0) deps.say(`${asked.length} of ${questions.length} questions`);
  }
  const measures = [...toMeasures(asked), ...toModeMeasures(asked)];
  return { measures, legs: comparesModes ? toLegs(asked) : null };
}

/**
 * A reranker that tries again, so that one slow answer changes no result. After three failures the exam ends: a search
 * returns its passages in their former order then, which a report would show as a regression.
 */
function retryingReranker(
  reranker: Reranker,
  signal: AbortSignal,
): Reranker & { throwIfDown(): void } {
  let failure: unknown;
  return {
    ...reranker,
    async rerank(query, contents, inTime, calls) {
      for (let attempt = 1, limit = inTime; ; attempt += 1) {
        try {
          return await reranker.rerank(query, contents, limit, calls);
        } catch (error) {
          signal.throwIfAborted();
          if (attempt === FAILED_IN_A_ROW) {
            failure = error;
            throw error;
          }
          limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
        }
      }
    },
    throwIfDown() {
      if (failure === undefined) return;
      if (failure instanceof AppError) throw failure;
      throw new AppError("provider_unavailable", { provider: "reranker" }, { cause: failure });
    },
  };
}

async function ask(
  course_id: string,
  question: ExamQuestion,
  deps: ExamDeps,
  { comparesModes, kept }: { comparesModes: boolean; kept: ExamAnswer | undefined },
): Promise<AskedQuestion> {
  const { db, embedder, reranker, receipts, signal } = deps;
  const search = (mode: Mode, with_: { reranker?: ExamDeps["reranker"] } = {}) =>
    searchCourse(
      { db, embedder, receipts, ...with_ },
      { ...requestOf(course_id, question), mode },
      signal,
    );
  const passages = question.covered ? await search("hybrid", { reranker }) : [];
  const ranks = comparesModes && question.covered ? await ranksByMode() : null;
  return { question, passages, ranks, answer: kept ?? (await answer(course_id, question, deps)) };

  async function ranksByMode() {
    const { gold } = question;
    const byVector = await search("vector");
    const hybrid = reranker ? await search("hybrid") : passages;
    return {
      hybrid: reciprocalRank(hybrid, gold),
      text: reciprocalRank(await search("text"), gold),
      vector: reciprocalRank(byVector, gold),
      pagesByVector: reciprocalRankOfKind(byVector, gold, true),
      speechByVector: reciprocalRankOfKind(byVector, gold, false),
    };
  }
}

const requestOf = (course_id: string, { question }: ExamQuestion): CourseSearchRequest => ({
  course_id,
  viewer: SEES_ALL,
  query: question,
  top_k: PASSAGES,
  sources: ["lectures", "slides"],
  mode: "hybrid",
});

async function answer(
  course_id: string,
  { question: text, covered }: ExamQuestion,
  deps: ExamDeps,
): Promise<ExamAnswer> {
  const id = crypto.randomUUID();
  const question: ChatMessage = {
    id,
    role: "user",
    content: text,
    client_id: null,
    run_id: null,
    turn_id: null,
    step: null,
    metadata: {},
    created_at: new Date().toISOString(),
  };
  const steps: NewAnswer[] = [];
  let failure: AppError | undefined;
  const run = answerTurn(
    { ...deps, onEnd: () => {} },
    {
      request: { course_id, session_id: id, context: [], tools: [], client: NO_CAPABILITIES },
      request_id: id,
      thread: [question],
      viewer: SEES_ALL,
      origin: "http://localhost",
    },
    { id, steps: 0, settled: false },
    async (saved) => void steps.push(...saved),
  );
  await run((part) => {
    if (part.type === "error") failure = part.error;
  }, deps.signal);
  deps.signal.throwIfAborted();
  if (failure) {
    if (!CONTENT_FAILURES.includes(failure.errorCode)) throw failure;
    return { failure, isRefusal: covered, citations: [], unsupported: 0 };
  }
  const all = <T>(key: "citations" | "unsupported") =>
    steps.flatMap(({ metadata }) => (metadata[key] ?? []) as T[]);
  const citations = all<Citation>("citations");
  return {
    isRefusal: isUnanswered(steps) || citations.length === 0,
    citations,
    unsupported: all("unsupported").length,
  };
}
