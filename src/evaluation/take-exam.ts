import { NO_CAPABILITIES } from "../chat/request";
import { type AnswerDeps, answerTurn } from "../chat/run/answer-turn";
import { isUnanswered } from "../chat/run/unanswered";
import type { ChatMessage, NewAnswer } from "../db/chat/chat";
import type { GoldPlace } from "../db/exam-questions";
import { AppError, type ErrorCode } from "../errors";
import { SEES_ALL } from "../principal";
import type { Reranker } from "../providers/reranker";
import type { Mode } from "../retrieval/rank";
import { bootstrap, type Estimate, mean, seeded } from "../retrieval/ranking-metrics";
import { PATIENCE_MS } from "../retrieval/rerank";
import {
  type Citation,
  type CourseSearchRequest,
  type Passage,
  searchCourse,
} from "../retrieval/search";
import { firstRight, focusOf, opens, reciprocalRank } from "./gold-places";
import { type ItemValue, type MEASURES, type Measure, toMeasure } from "./measures";

/** A question with the places that answer it. An uncovered question has none. */
export type ExamQuestion = {
  id: string;
  question: string;
  /** Its language or origin; the report shows each group. */
  group: string;
  /** For an uncovered question, why. */
  kind: string;
  covered: boolean;
  gold: GoldPlace[];
};

export type ExamDeps = Omit<AnswerDeps, "onEnd"> & {
  signal: AbortSignal;
  /** Receives progress. */
  say: (line: string) => void;
};

/** The reciprocal rank of the first right passage, by mode, without a reranker. */
export type SearchLegs = Record<Mode, Estimate> & {
  /** Hybrid minus the better of the single modes, by question. */
  gain: Estimate;
};

export type ExamResult = { measures: Measure[]; legs: SearchLegs | null };

/** Keeps the answers of an exam, because a later attempt would pay for them again. */
export type ExamAnswers = {
  find(question: ExamQuestion): ExamAnswer | undefined;
  keep(question: ExamQuestion, answer: ExamAnswer): Promise<void>;
};

/** As many as an answer gets. */
const PASSAGES = 8;
const SEED = 1;
/** Failures that the content of one question can cause. Others, such as outages, would affect all questions. */
const CONTENT_FAILURES: readonly ErrorCode[] = [
  "chat_failed",
  "provider_answer_invalid",
  "provider_answer_unusable",
  "provider_request_refused",
];
/** So many failed answers in a row have another cause than the content of a question. */
const FAILED_IN_A_ROW = 3;

type SearchedQuestion = { question: ExamQuestion; passages: Passage[] };
type Asked = SearchedQuestion & {
  /** By mode; only if the modes are compared. */
  ranks: Record<Mode, number> | null;
  answer: ExamAnswer;
};
/** A failed answer counts as wrong: a covered question is refused, another one is not. */
export type ExamAnswer = {
  failure?: AppError;
  isRefusal: boolean;
  citations: Citation[];
  unsupported: number;
};

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
  const asked: Asked[] = [];
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
): Promise<Asked> {
  const { db, embedder, reranker, receipts, signal } = deps;
  const search = (mode: Mode, with_: { reranker?: ExamDeps["reranker"] } = {}) =>
    searchCourse(
      { db, embedder, receipts, ...with_ },
      { ...requestOf(course_id, question), mode },
      signal,
    );
  const passages = question.covered ? await search("hybrid", { reranker }) : [];
  const rankIn = async (mode: Mode) => reciprocalRank(await search(mode), question.gold);
  const ranks =
    comparesModes && question.covered
      ? {
          hybrid: reranker ? await rankIn("hybrid") : reciprocalRank(passages, question.gold),
          text: await rankIn("text"),
          vector: await rankIn("vector"),
        }
      : null;
  return { question, passages, ranks, answer: kept ?? (await answer(course_id, question, deps)) };
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

function toItems<One extends SearchedQuestion>(
  some: readonly One[],
  resultOf: (one: One) => number | boolean,
): ItemValue[] {
  return some.map((one) => {
    const { id, group, kind, covered } = one.question;
    return { id, group: covered ? group : kind, value: Number(resultOf(one)) };
  });
}

function toSearchMeasures(covered: readonly SearchedQuestion[]): Measure[] {
  const measure = (
    name: (typeof MEASURES)["retrieval"][number],
    some: readonly SearchedQuestion[],
    resultOf: (passages: Passage[], gold: GoldPlace[]) => number | boolean,
  ) =>
    toMeasure(
      "retrieval",
      name,
      toItems(some, ({ passages, question }) => resultOf(passages, question.gold)),
    );
  /** Pages and speech apart, because one of them often hides the loss of the other. */
  const ofKind = (isPage: boolean) => {
    const goldOf = (gold: GoldPlace[]) => gold.filter((place) => "pages" in place === isPage);
    const asked = covered.filter(({ question }) => goldOf(question.gold).length > 0);
    const found = asked.filter(({ passages, question }) =>
      firstRight(passages, goldOf(question.gold)),
    );
    return (
      name: (typeof MEASURES)["retrieval"][number],
      some: "asked" | "found",
      resultOf: (passages: Passage[], gold: GoldPlace[]) => number | boolean,
    ) =>
      measure(name, some === "asked" ? asked : found, (passages, gold) =>
        resultOf(passages, goldOf(gold)),
      );
  };
  const opensRight = (passages: Passage[], gold: GoldPlace[]) => {
    const { citation } = firstRight(passages, gold)!;
    return gold.some((place) => opens(citation, place));
  };
  const isFound = (passages: Passage[], gold: GoldPlace[]) => Boolean(firstRight(passages, gold));
  const [ofPages, ofSpeech] = [ofKind(true), ofKind(false)];
  return [
    ...measure("found_in_8", covered, isFound),
    ...ofPages("page_found_in_8", "asked", isFound),
    ...ofSpeech("speech_found_in_8", "asked", isFound),
    ...measure("reciprocal_rank", covered, reciprocalRank),
    ...ofPages("opens_right_page", "found", opensRight),
    ...ofSpeech("opens_right_second", "found", opensRight),
    ...ofPages("page_focus", "found", focusOf),
    ...ofSpeech("speech_focus", "found", focusOf),
  ];
}

function toMeasures(asked: readonly Asked[]): Measure[] {
  const covered = asked.filter(({ question }) => question.covered);
  const uncovered = asked.filter(({ question }) => !question.covered);
  const answered = covered.filter((one) => !one.answer.isRefusal);
  const citesRight = ({ answer: { isRefusal, citations }, question }: Asked) =>
    !isRefusal && citations.some((one) => question.gold.some((gold) => opens(one, gold)));
  const isSupported = ({ answer }: Asked) => answer.unsupported === 0;
  const isRefused = ({ answer }: Asked) => answer.isRefusal;
  return [
    ...toSearchMeasures(covered),
    ...toMeasure("answers", "cites_right_place", toItems(covered, citesRight)),
    ...toMeasure("answers", "without_unsupported_sentence", toItems(answered, isSupported)),
    ...toMeasure("refusal", "uncovered_refused", toItems(uncovered, isRefused)),
    ...toMeasure(
      "refusal",
      "covered_answered",
      toItems(covered, (one) => !isRefused(one)),
    ),
  ];
}

/** The single modes, because the better one hides a fault of the other in a hybrid search. */
function toModeMeasures(asked: readonly Asked[]): Measure[] {
  const compared = asked.filter(({ ranks }) => ranks !== null);
  const measure = (name: (typeof MEASURES)["retrieval"][number], mode: Mode) =>
    toMeasure(
      "retrieval",
      name,
      toItems(compared, ({ ranks }) => ranks![mode]),
    );
  return [
    ...measure("reciprocal_rank_by_text", "text"),
    ...measure("reciprocal_rank_by_vectors", "vector"),
  ];
}

function toLegs(asked: readonly Asked[]): SearchLegs | null {
  const ranks = asked.flatMap((one) => one.ranks ?? []);
  if (ranks.length === 0) return null;
  const of = (mode: Mode) => ranks.map((rank) => rank[mode]);
  const better = mean(of("text")) >= mean(of("vector")) ? of("text") : of("vector");
  const estimate = (values: number[]) => bootstrap(values, seeded(SEED));
  return {
    text: estimate(of("text")),
    vector: estimate(of("vector")),
    hybrid: estimate(of("hybrid")),
    gain: estimate(of("hybrid").map((value, i) => value - better[i]!)),
  };
}
