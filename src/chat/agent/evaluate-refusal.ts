import { z } from "zod";
import { insertEvaluated } from "../../db/chunks/evaluation";
import type { Sql } from "../../db/client";
import { deleteCourse, insertCourse } from "../../db/courses";
import { AppError } from "../../errors";
import { SEES_ALL } from "../../principal";
import type { ModelPrompt } from "../../providers/chat/chat-model";
import { SEARCH_TOOLS } from "../../providers/chat/chat-model";
import type { Embedder } from "../../providers/embedder";
import { NOT_COVERED, openExtractiveAnswerer } from "../../providers/local/extractive-answerer";
import type { Reranker } from "../../providers/reranker";
import { chunkSlides } from "../../text/chunk-slides";
import { detectLanguage } from "../../text/language";
import { CitedPassages } from "./cited-passages";
import { findPassages } from "./tools";

const RefusalSet = z.object({
  courses: z
    .array(
      z.object({
        language: z.string().min(1),
        /** The texts of slides; the first line is the title. */
        pages: z.array(z.string().trim().min(1)).min(1),
        questions: z
          .array(z.object({ text: z.string().trim().min(1).max(8_000), covered: z.boolean() }))
          .min(1),
      }),
    )
    .min(1),
});

/** Courses with questions, and whether a course covers them. */
export type RefusalSet = z.infer<typeof RefusalSet>;

type RefusalRate = {
  uncovered: number;
  /** Uncovered questions that were refused. */
  refused: number;
  covered: number;
  /** Covered questions that were refused. */
  falsely_refused: number;
};

export type RefusalRates = RefusalRate & { languages: Record<string, RefusalRate> };

export type RerankerReport = {
  /** Questions that the reranker did not score; they count nowhere else. */
  unscored: number;
  /** The highest threshold that refuses at most 2.5 % of the covered questions of the tuning half. */
  calibrated: { min_score: number; tuning: RefusalRates; held_out: RefusalRates } | null;
  /** The whole set by RERANK_MIN_SCORE; null if that is unset. */
  configured: ({ min_score: number } & RefusalRates) | null;
};

export type RefusalReport = RefusalRates & {
  /** Null without a reranker. */
  reranker: RerankerReport | null;
  /** The questions with the wrong decision. */
  wrong: { language: string; text: string; covered: boolean }[];
};

/** @throws AppError `evaluation_set_invalid`, with the file and the problem */
export async function readRefusalSet(path: string): Promise<RefusalSet> {
  const invalid = (problem: string) => new AppError("evaluation_set_invalid", { path, problem });
  const content = await Bun.file(path)
    .json()
    .catch((error) => {
      throw invalid(`the file is not JSON or cannot be read (${error.code ?? error.message})`);
    });
  const set = RefusalSet.safeParse(content);
  if (!set.success) throw invalid(z.prettifyError(set.error));
  return set.data;
}

type RefusalDeps = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  signal: AbortSignal;
};

/**
 * Asks the answerer without a model each question, as the chat does, and counts its refusals. With a
 * reranker, also scores each question and calibrates a threshold. Stores each course and deletes it again.
 */
export async function evaluateRefusal(
  { courses }: RefusalSet,
  deps: RefusalDeps,
): Promise<RefusalReport> {
  const decisions: Decision[] = [];
  const scores: ScoredQuestion[] = [];
  for (const { language, pages, questions } of courses) {
    const { id: course_id } = await insertCourse(deps.db, { name: `Refusal (${language})` });
    try {
      await storePages(course_id, pages, deps);
      for (const { text, covered } of questions) {
        deps.signal.throwIfAborted();
        const isRefused = await isRefusedBy(course_id, text, deps);
        decisions.push({ language, text, covered, isRefused });
        scores.push({ language, covered, score: await scoreOf(course_id, text, deps) });
      }
    } finally {
      await deleteCourse(deps.db, course_id);
    }
  }
  return {
    ...toRates(decisions),
    reranker: deps.reranker ? toRerankerReport(scores, deps.reranker) : null,
    wrong: decisions
      .filter(({ covered, isRefused }) => covered === isRefused)
      .map(({ language, text, covered }) => ({ language, text, covered })),
  };
}

type JudgedQuestion = { language: string; covered: boolean; isRefused: boolean };
type Decision = JudgedQuestion & { text: string };
type ScoredQuestion = { language: string; covered: boolean; score: number | null };

/** The accepted share of refused questions among the covered ones. */
const MAX_FALSELY_REFUSED = 0.025;

function toRerankerReport(questions: ScoredQuestion[], { minScore }: Reranker): RerankerReport {
  const scored = questions.flatMap(({ score, ...one }) =>
    score === null ? [] : { ...one, score },
  );
  const ratesBy = (min_score: number, some = scored) =>
    toRates(some.map(({ score, ...one }) => ({ ...one, isRefused: score < min_score })));
  const [tuning, heldOut] = halve(scored);
  const min_score = calibrate(tuning.filter(({ covered }) => covered).map(({ score }) => score));
  return {
    unscored: questions.length - scored.length,
    calibrated:
      min_score === null
        ? null
        : {
            min_score,
            tuning: ratesBy(min_score, tuning),
            held_out: ratesBy(min_score, heldOut),
          },
    configured: minScore === undefined ? null : { min_score: minScore, ...ratesBy(minScore) },
  };
}

/** Splits the covered and the uncovered questions of each language alternately. */
function halve<Question extends Pick<JudgedQuestion, "language" | "covered">>(
  questions: Question[],
): [Question[], Question[]] {
  const groups = Object.values(
    Object.groupBy(questions, ({ language, covered }) => `${language} ${covered}`),
  );
  const half = (remainder: number) =>
    groups.flatMap((group) => group!.filter((_, i) => i % 2 === remainder));
  return [half(0), half(1)];
}

/**
 * The highest threshold that refuses at most 2.5 % of covered questions; null without any.
 *
 * @param scores  of covered questions
 */
function calibrate(scores: number[]): number | null {
  const allowed = Math.floor(scores.length * MAX_FALSELY_REFUSED);
  return scores.toSorted((a, b) => a - b)[allowed] ?? null;
}

function toRates(decisions: JudgedQuestion[]): RefusalRates {
  const languages = Object.entries(Object.groupBy(decisions, ({ language }) => language));
  return {
    ...toRate(decisions),
    languages: Object.fromEntries(languages.map(([language, all]) => [language, toRate(all!)])),
  };
}

function toRate(decisions: JudgedQuestion[]): RefusalRate {
  const count = (covered: boolean, isRefused = [true, false]) =>
    decisions.filter((one) => one.covered === covered && isRefused.includes(one.isRefused)).length;
  return {
    uncovered: count(false),
    refused: count(false, [true]),
    covered: count(true),
    falsely_refused: count(true, [true]),
  };
}

async function storePages(course_id: string, pages: string[], deps: RefusalDeps): Promise<void> {
  const { db, embedder, signal } = deps;
  const chunks = chunkSlides(
    pages.map((page, i) => {
      const [title, ...lines] = page.split("\n");
      return {
        page_number: i + 1,
        title: title!,
        section: null,
        content: lines.join("\n") || title!,
      };
    }),
    { maxTokens: embedder.maxTokens, countTokens: embedder.countTokens },
  );
  const contents = chunks.map(({ content }) => content);
  const { embeddings } = await embedder.embed(contents, { purpose: "document", signal });
  const embedded = chunks.map((chunk, i) => ({ ...chunk, embedding: embeddings[i]! }));
  const { text_config } = detectLanguage(contents.join("\n"));
  const document = { id: crypto.randomUUID(), title: "Slides", text_config, chunks: embedded };
  await insertEvaluated(db, course_id, embedder.model, [document]);
}

const PASSAGES = 8;

/** The reranker's score of the best passage; null without a reranker or a score. */
async function scoreOf(
  course_id: string,
  query: string,
  { db, embedder, reranker, signal }: RefusalDeps,
): Promise<number | null> {
  if (!reranker) return null;
  const wanted = { query, top_k: PASSAGES, sources: ["slides" as const] };
  const course = { db, embedder, reranker, viewer: SEES_ALL, course_id };
  return (await findPassages(course, wanted, signal)).best_score ?? null;
}

/** Searches and answers as a chat without a model does. */
async function isRefusedBy(
  course_id: string,
  question: string,
  { db, embedder, signal }: RefusalDeps,
): Promise<boolean> {
  const wanted = { query: question, top_k: PASSAGES, sources: ["slides" as const] };
  const found = await findPassages({ db, embedder, viewer: SEES_ALL, course_id }, wanted, signal);
  const call = { toolCallId: "search", toolName: SEARCH_TOOLS.slides };
  const value = JSON.stringify(new CitedPassages([]).present(found));
  const prompt: ModelPrompt = [
    { role: "user", content: [{ type: "text", text: question }] },
    { role: "assistant", content: [{ type: "tool-call", ...call, input: { query: question } }] },
    { role: "tool", content: [{ type: "tool-result", ...call, output: { type: "text", value } }] },
  ];
  const { model } = openExtractiveAnswerer(embedder);
  const { content } = await model.doGenerate({ prompt, abortSignal: signal });
  return content.some((part) => part.type === "text" && part.text.startsWith(NOT_COVERED));
}
